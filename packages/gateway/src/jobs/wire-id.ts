const SUFFIX = /-a\d+$/;

/** The job behind a wire id: a second delivery to the same worker goes out as `<id>-a2`. */
export function jobIdOf(wireId: string): string {
  return wireId.replace(SUFFIX, '');
}
