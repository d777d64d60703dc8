export type Value = string | number | null;
/** Runs a statement that changes nothing, off the thread of the jobs. */
export type ReadAside = (
  text: string,
  values: readonly Value[],
) => Promise<readonly Readonly<Record<string, Value>>[]>;
