import type { Peak } from './heatmaps.ts';

/**
 * A keypoint's place as RTMPose answers it (SimCC): one score for each column and one for each row, of which there are as
 * many times more than pixels as the model was trained with (two, usually).
 * @returns the best column and row; the value is the lower of their two scores, as mmpose takes it.
 */
export function findSimccPeak(columns: Float32Array, rows: Float32Array): Peak {
  const x = indexOfLargest(columns);
  const y = indexOfLargest(rows);
  return { x, y, value: Math.min(columns[x] ?? 0, rows[y] ?? 0) };
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] as number) > (values[best] as number)) best = at;
  return best;
}
