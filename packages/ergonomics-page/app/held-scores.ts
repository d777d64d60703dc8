/** So little before the next sample that nobody sees it, in seconds. */
const JUST_BEFORE_S = 0.001;

/**
 * A sample's score holds until the next one: also the last, and one before a gap, which a line from point to point would
 * end too early or not show at all.
 *
 * @param times of the samples, in seconds, rising
 * @param endS where the last one ends
 */
export function heldScores(
  times: readonly number[],
  scores: readonly (number | null)[],
  endS: number,
): [number[], (number | null)[]] {
  const at: number[] = [];
  const held: (number | null)[] = [];
  for (const [index, time] of times.entries()) {
    const score = scores[index] ?? null;
    at.push(time);
    held.push(score);
    const next = times[index + 1] ?? Math.max(endS, time);
    const isLast = index === times.length - 1;
    const isBeforeGap = !isLast && (scores[index + 1] ?? null) === null;
    if (score === null || !(isLast || isBeforeGap) || next <= time) continue;
    at.push(isLast ? next : Math.max(time, next - JUST_BEFORE_S));
    held.push(score);
  }
  return [at, held];
}
