import { VideoError, type VideoErrorCode } from '../video-error.ts';

export const NO_FRAMES_SENTENCE =
  'The video holds no frames. Its recording or its upload may have been cut off; send it again.';

/** What ffmpeg and ffprobe say when they can't go on, and what it means for the user. The first that fits counts. */
const MEANINGS: readonly (readonly [RegExp, VideoErrorCode, string])[] = [
  [
    /moov atom not found/i,
    'CORRUPT',
    'The video has no index: its recording or its upload was cut off before its end. Send the whole file again.',
  ],
  [
    /Format not on whitelist|Protocol .* not on whitelist/i,
    'NOT_A_VIDEO',
    'The file is not a video but names others, as playlists do, or is of a kind that is not accepted. MP4, MOV, MKV, WebM, AVI, MPEG and WMV are.',
  ],
  [/Error marking filters as finished|Cannot determine format of input/i, 'NO_FRAMES', NO_FRAMES_SENTENCE],
  [
    /Invalid data found when processing input|End of file|could not find codec parameters/i,
    'NOT_A_VIDEO',
    'The file is not a video that can be read. MP4, MOV, MKV, WebM, AVI, MPEG and WMV are accepted.',
  ],
  [
    /Unknown encoder '?libx264/i,
    'FFMPEG_MISSING',
    "This machine's ffmpeg can't write H.264: it is built without libx264. Install one that can (Debian's and Ubuntu's can), or name it in FFMPEG_PATH.",
  ],
  [
    /Decoder \(codec .*\) not found|Decoder not found|no decoder found/i,
    'UNSUPPORTED_CODEC',
    "The video is in a codec that this machine's ffmpeg can't decode. Convert it to H.264 (MP4) and send that.",
  ],
  [
    /Server returned|HTTP error|Connection (refused|timed out|reset)|Failed to resolve|Network is unreachable|tls|certificate/i,
    'SOURCE_UNAVAILABLE',
    "The video can't be fetched",
  ],
  [
    /No such file|Permission denied|Input\/output error|No space left/i,
    'SOURCE_UNAVAILABLE',
    "The video can't be read",
  ],
];

/** The error for what a failed run said. Addresses, which may carry signatures, and paths stay out of it. */
export function explainFailure(stderr: string, source: string): VideoError {
  const said = lastLine(stderr, source);
  for (const [pattern, code, sentence] of MEANINGS) {
    if (!pattern.test(stderr)) continue;
    return new VideoError(code, sentence.endsWith('.') ? sentence : `${sentence}: ${said}.`);
  }
  return new VideoError('FFMPEG_FAILED', `The video can't be read; ffmpeg says: ${said || 'nothing'}.`);
}

function lastLine(stderr: string, source: string): string {
  const line = stderr.trimEnd().split('\n').at(-1) ?? '';
  return line
    .replaceAll(source, 'the video')
    .replace(/(https|file):\S+/g, 'the video')
    .replace(/^\[[^\]]*\] /, '')
    .replace(/^the video: /, '')
    .replace(/\.$/, '')
    .slice(0, 300);
}
