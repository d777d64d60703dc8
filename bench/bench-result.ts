export interface BenchResult {
  /** Each over 1 is better for us. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Further figures of the last JSON line. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** Lines of the table for people: what, and its value. */
  readonly rows: readonly (readonly [string, string])[];
}

export interface BenchFlags {
  /** Parts to run; empty: all. */
  readonly only: readonly string[];
  /** Short runs: to see that it works, not to be quoted. */
  readonly isQuick: boolean;
}
