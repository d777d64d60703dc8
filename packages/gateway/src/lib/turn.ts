/** Runs `work` when nobody else writes the file, so that it never waits for the file's lock. */
export type Turn = <T>(work: () => T) => Promise<T>;

/** For a file that nobody else writes. */
export const runNow: Turn = async (work) => work();
