import { passthrough } from './decode-plan.ts';
import { sourceArguments } from './ffmpeg/source.ts';
import type { VideoColor, VideoInfo } from './video-info.ts';

/** A video that the new one is made from: its sound goes along, and its colours mean the same. */
export interface EncodeOrigin {
  readonly source: string;
  readonly video: VideoInfo;
}

export interface EncodeSettings {
  /** x264's constant rate factor: 18 can't be told from the original, 28 is small (default: 23). */
  readonly crf?: number | undefined;
  /** x264's preset, from `ultrafast` to `veryslow` (default: `veryfast`). */
  readonly preset?: string | undefined;
}

/**
 * ffmpeg's arguments for a piece of a video: raw frames with times from stdin, H.264 in an MPEG transport stream, whose
 * times are those of the whole, so that pieces are joined by writing one behind the other.
 */
export function pieceArguments(
  toPath: string,
  heightPx: number,
  video: VideoInfo | undefined,
  { crf = 23, preset = 'veryfast' }: EncodeSettings,
): string[] {
  const { stored } = video ?? {};
  return [
    ...['-nostdin', '-v', 'error', '-y', '-copyts'],
    ...['-f', 'matroska', '-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0', '-i', 'pipe:0'],
    ...['-map', '0:v:0', '-c:v', 'libx264', '-preset', preset, '-crf', String(crf)],
    // Frames that point ahead would need times before their own, which the piece before has taken.
    ...['-pix_fmt', 'yuv420p', '-profile:v', 'high', '-bf', '0'],
    // A key frame every two seconds, so that players can jump.
    ...['-force_key_frames', 'expr:gte(t,if(isnan(prev_forced_t),t,prev_forced_t+2))'],
    // Nothing in the headers depends on what is seen, so that those of the first piece hold for all.
    ...['-x264-params', 'stitchable=1'],
    ...passthrough(stored?.ffmpegVersion ?? ''),
    ...['-enc_time_base', '1:90000'],
    ...colorArguments(stored?.color, stored?.heightPx ?? heightPx),
    ...['-map_metadata', '-1', '-muxdelay', '0', '-muxpreload', '0', '-mpegts_copyts', '1'],
    ...['-f', 'mpegts', `file:${toPath}`],
  ];
}

/** ffmpeg's arguments: pieces from stdin and the sound of their origin, an MP4 that browsers begin before it is loaded. */
export function joinArguments(toPath: string, origin: EncodeOrigin | undefined): string[] {
  const stored = origin?.video.stored;
  const audio = origin && stored?.audio ? { source: origin.source, codec: stored.audio.codec } : undefined;
  return [
    ...['-nostdin', '-v', 'error', '-y', '-copyts', '-f', 'mpegts', '-i', 'pipe:0'],
    ...(audio
      ? ['-itsoffset', (-(stored?.startMs ?? 0) / 1000).toFixed(6), ...sourceArguments(audio.source)]
      : []),
    ...['-map', '0:v:0', ...(audio ? ['-map', '1:a:0', ...audioArguments(audio.codec)] : [])],
    // Headers stand once at an MP4's beginning; those of every piece are left out.
    ...['-c:v', 'copy', '-bsf:v', 'filter_units=remove_types=7-9', '-video_track_timescale', '90000'],
    ...['-map_metadata', '-1', '-movflags', '+faststart', '-f', 'mp4', `file:${toPath}`],
  ];
}

/** What every browser plays is kept as it is. */
function audioArguments(codec: string): string[] {
  return codec === 'aac' ? ['-c:a', 'copy'] : ['-c:a', 'aac', '-b:a', '160k'];
}

/** Without a word of its own a video of high definition is BT.709 to players, and a smaller one BT.601. */
function colorArguments(color: VideoColor | undefined, heightPx: number): string[] {
  const guess = heightPx >= 720 ? 'bt709' : 'smpte170m';
  const isYuv = color?.space !== undefined && /^(bt709|bt470bg|smpte170m|bt2020nc)$/.test(color.space);
  return [
    ...['-color_range', 'tv', '-colorspace', isYuv ? (color.space ?? guess) : guess],
    ...(color?.transfer ? ['-color_trc', color.transfer] : []),
    ...(color?.primaries ? ['-color_primaries', color.primaries] : []),
  ];
}
