const SUFFIX = /-a(\d+)$/;

/** The job behind a wire id: a delivery to a worker that may have had the job before goes out as `<id>-a2`. */
export function jobIdOf(wireId: string): string {
  return wireId.replace(SUFFIX, '');
}

/** The attempt that a wire id says; undefined for a worker's first of that job, which says none. */
export function attemptNumberOf(wireId: string): number | undefined {
  const [, number] = SUFFIX.exec(wireId) ?? [];
  return number === undefined ? undefined : Number(number);
}
