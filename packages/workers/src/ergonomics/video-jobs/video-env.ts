/** Variables of video jobs. A file of its own, so that listing them loads no library. */
export const VIDEO_ENV = [
  ...['VIDEO_MAX_GB', 'VIDEO_MAX_HOURS', 'VIDEO_EXTENSIONS', 'VIDEO_JOB_TIMEOUT_S', 'VIDEO_SEGMENT_S'],
  ...['VIDEO_LOST_AFTER_S', 'RUNPOD_API_KEY'],
] as const;

export const DEFAULT_VIDEO_MAX_GB = 5;
export const DEFAULT_VIDEO_MAX_HOURS = 8;

export const gigabytes = (count: number): number => Math.round(count * 1024 ** 3);

type Variables = Readonly<Record<string, string>>;

/** The largest video that a worker with these variables takes; undefined where it would not even start with them. */
export function videoLimit({ VIDEO_MAX_GB }: Variables): { bytes: number; variable: string } | undefined {
  const count = above0(VIDEO_MAX_GB, DEFAULT_VIDEO_MAX_GB);
  return count === undefined ? undefined : { bytes: gigabytes(count), variable: 'VIDEO_MAX_GB' };
}

/** The longest one, in the same way. */
export function videoDurationLimit({
  VIDEO_MAX_HOURS,
}: Variables): { ms: number; variable: string } | undefined {
  const hours = above0(VIDEO_MAX_HOURS, DEFAULT_VIDEO_MAX_HOURS);
  return hours === undefined ? undefined : { ms: Math.round(hours * 3_600_000), variable: 'VIDEO_MAX_HOURS' };
}

function above0(text: string | undefined, fallback: number): number | undefined {
  const count = text === undefined ? fallback : Number(text);
  return count > 0 && Number.isFinite(count) ? count : undefined;
}
