/** What a table's cell holds once all its indexes are given. */
type Table = number | readonly Table[];

/**
 * The cell of a table at 1-based scores.
 * @throws RangeError where a score is outside of the table: scores are checked before they get here.
 */
export function tableCell(table: Table, ...scores: readonly number[]): number {
  let at: Table | undefined = table;
  for (const score of scores) at = typeof at === 'object' ? at[score - 1] : undefined;
  if (typeof at !== 'number') throw new RangeError(`there is no cell ${scores.join(', ')}`);
  return at;
}

/** Position, from 0, of the first limit that holds `score`. */
export function levelOf(limits: readonly number[], score: number): number {
  return limits.findIndex((limit) => score <= limit);
}
