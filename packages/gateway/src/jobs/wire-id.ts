const SUFFIX = /-a\d+$/;

/** The job behind a wire id: a delivery to a worker that may have had the job before goes out as `<id>-a2`. */
export function jobIdOf(wireId: string): string {
  return wireId.replace(SUFFIX, '');
}
