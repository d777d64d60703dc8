/** Variables of video jobs. A file of its own, so that listing them loads no library. */
export const VIDEO_ENV = [
  ...['VIDEO_MAX_GB', 'VIDEO_MAX_HOURS', 'VIDEO_EXTENSIONS', 'VIDEO_JOB_TIMEOUT_S', 'VIDEO_SEGMENT_S'],
  ...['VIDEO_LOST_AFTER_S', 'RUNPOD_API_KEY'],
] as const;
