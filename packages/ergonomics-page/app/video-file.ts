/** A file that somebody chose, and what a browser can tell of it before it is sent. */
export const VIDEO_EXTENSIONS = ['mp4', 'mov', 'mkv', 'webm', 'avi'] as const;

/** Why it is not taken, in a sentence; undefined when it is. The server looks at its bytes, too. */
export function refuseFile({ name, size }: Pick<File, 'name' | 'size'>): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const known: readonly string[] = VIDEO_EXTENSIONS;
  if (!known.includes(extension)) {
    const list = known.map((one) => `.${one}`).join(', ');
    return `“${name}” does not look like a video. Choose a file that ends in ${list}.`;
  }
  return size === 0 ? `“${name}” is empty.` : undefined;
}

/** Names the file among all, so that an upload of it goes on where it broke off. */
export const fingerprintOf = ({
  name,
  size,
  lastModified,
}: Pick<File, 'name' | 'size' | 'lastModified'>): string => `${size}-${lastModified}-${name}`.slice(0, 200);

const PATIENCE_MS = 10_000;

/** Seconds; undefined for what this browser can't play, which the server may well read. */
export function readDuration(file: File): Promise<number | undefined> {
  return new Promise((resolve) => {
    const video = document.createElement('video');
    const url = URL.createObjectURL(file);
    const end = (seconds: number | undefined) => {
      clearTimeout(timer);
      video.removeAttribute('src');
      video.load();
      URL.revokeObjectURL(url);
      resolve(seconds);
    };
    const timer = setTimeout(() => end(undefined), PATIENCE_MS);
    video.preload = 'metadata';
    video.onloadedmetadata = () => end(Number.isFinite(video.duration) ? video.duration : undefined);
    video.onerror = () => end(undefined);
    video.src = url;
  });
}
