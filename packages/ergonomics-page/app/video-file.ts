import { LARGEST_FRAME_PIXELS } from '@spillway/protocol/ergonomics';
import { bytesText, clockText, spanText } from './format.ts';

/** A file that somebody chose, and what a browser can tell of it before it is sent. */
export const VIDEO_EXTENSIONS = ['mp4', 'mov', 'mkv', 'webm', 'avi'] as const;

/**
 * Why it is not taken, in a sentence; undefined when it is. The server looks at its bytes, too.
 *
 * @param maxBytes what the server takes; undefined until it has said so.
 */
export function refuseFile(
  { name, size }: Pick<File, 'name' | 'size'>,
  maxBytes = Number.POSITIVE_INFINITY,
): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const known: readonly string[] = VIDEO_EXTENSIONS;
  if (!known.includes(extension)) {
    const list = known.map((one) => `.${one}`).join(', ');
    return `“${name}” does not look like a video. Choose a file that ends in ${list}.`;
  }
  if (size === 0) return `“${name}” is empty.`;
  return size > maxBytes ? tooLarge(name, size, maxBytes) : undefined;
}

function tooLarge(name: string, size: number, maxBytes: number): string {
  const isClose = bytesText(size) === bytesText(maxBytes);
  const [has, most] = [size, maxBytes].map((bytes) => (isClose ? `${bytes} bytes` : bytesText(bytes)));
  return `“${name}” has ${has}; at most ${most} are taken here. Choose a shorter video, or one that is compressed more.`;
}

/** What browsers and the server make of a file's length may differ a little; of what is so close the server is the judge. */
const CLOSE_MS = 1_000;

/**
 * Why it is too long, in a sentence; undefined when it is not.
 *
 * @param maxMs what the server takes; undefined until it has said so, or where it takes any.
 */
export function refuseLong(
  { name }: Pick<File, 'name'>,
  { seconds }: Pick<VideoFacts, 'seconds'>,
  maxMs = Number.POSITIVE_INFINITY,
): string | undefined {
  if (seconds * 1000 <= maxMs + CLOSE_MS) return undefined;
  return `“${name}” lasts ${clockText(seconds)}; videos of at most ${spanText(maxMs / 1000)} are taken here. Choose a shorter one, or send it in pieces.`;
}

/** Names the file among all, so that an upload of it goes on where it broke off. */
export const fingerprintOf = ({
  name,
  size,
  lastModified,
}: Pick<File, 'name' | 'size' | 'lastModified'>): string => `${size}-${lastModified}-${name}`.slice(0, 200);

const PATIENCE_MS = 10_000;

export interface VideoFacts {
  readonly seconds: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What the server will most likely say of its pictures, before they are sent; undefined where they are no larger than it takes. */
export function warnOfPictures({ widthPx, heightPx }: VideoFacts): string | undefined {
  if (widthPx * heightPx <= LARGEST_FRAME_PIXELS) return undefined;
  const most = (LARGEST_FRAME_PIXELS / 1e6).toFixed(1);
  return `Its pictures have ${widthPx} × ${heightPx} pixels, and the server takes ${most} megapixels at most. Scale it down first, such as to 1920 × 1080.`;
}

/** Undefined for what this browser can't play, which the server may well read. */
export function readFacts(file: File): Promise<VideoFacts | undefined> {
  return new Promise((resolve) => {
    const video = document.createElement('video');
    const url = URL.createObjectURL(file);
    const end = (facts: VideoFacts | undefined) => {
      clearTimeout(timer);
      video.removeAttribute('src');
      video.load();
      URL.revokeObjectURL(url);
      resolve(facts);
    };
    const timer = setTimeout(() => end(undefined), PATIENCE_MS);
    video.preload = 'metadata';
    video.onloadedmetadata = () => {
      const { duration: seconds, videoWidth: widthPx, videoHeight: heightPx } = video;
      end(Number.isFinite(seconds) ? { seconds, widthPx, heightPx } : undefined);
    };
    video.onerror = () => end(undefined);
    video.src = url;
  });
}
