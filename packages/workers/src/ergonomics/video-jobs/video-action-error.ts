/** What a caller is told inside the output: `{"status": "error", "error"}`. The job itself is COMPLETED then. */
export class VideoActionError extends Error {
  override readonly name = 'VideoActionError';
}
