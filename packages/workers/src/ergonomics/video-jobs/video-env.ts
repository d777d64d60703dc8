/** Variables of video jobs. A file of its own, so that listing them loads no library. */
export const VIDEO_ENV = [
  ...['VIDEO_MAX_GB', 'VIDEO_MAX_HOURS', 'VIDEO_EXTENSIONS', 'VIDEO_JOB_TIMEOUT_S', 'VIDEO_SEGMENT_S'],
  ...['VIDEO_LOST_AFTER_S', 'RUNPOD_API_KEY'],
] as const;

export const DEFAULT_VIDEO_MAX_GB = 5;

export const gigabytes = (count: number): number => Math.round(count * 1024 ** 3);

/** The largest video that a worker with these variables takes; undefined where it would not even start with them. */
export function videoLimit({
  VIDEO_MAX_GB,
}: Readonly<Record<string, string>>): { bytes: number; variable: string } | undefined {
  const count = VIDEO_MAX_GB === undefined ? DEFAULT_VIDEO_MAX_GB : Number(VIDEO_MAX_GB);
  return count > 0 && Number.isFinite(count)
    ? { bytes: gigabytes(count), variable: 'VIDEO_MAX_GB' }
    : undefined;
}
