// Centroid and direction of a set of pixels from its first and second moments.
import { boxAround, type Component } from './components.ts';

export interface Moments {
  /** [x, y] between pixel centres: a lone pixel at column 3, row 4 gives [3, 4]. */
  readonly centroid: [number, number];
  /**
   * Direction of the axis of greatest second moment in degrees, counter-clockwise on screen from the x axis,
   * in (-90, 90]; null when the two principal moments differ by less than 2 %.
   */
  readonly orientation: number | null;
}

const LEAST_DIFFERENCE = 0.02;

/** Moments of all pixels of the components (at least one). */
export function measureMoments(components: readonly Component[]): Moments {
  // Sums are taken about a middle of the pixels: symmetric shapes then cancel exactly.
  const box = boxAround(components);
  const middleX = (box.x_min + box.x_max - 1) / 2;
  const middleY = (box.y_min + box.y_max - 1) / 2;
  const sums = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 };
  for (const { runs } of components) {
    for (let i = 0; i < runs.length; i += 3) {
      addRun(
        sums,
        (runs[i + 1] as number) - middleX,
        (runs[i + 2] as number) - 1 - middleX,
        (runs[i] as number) - middleY,
      );
    }
  }
  const { n } = sums;
  const meanX = sums.x / n;
  const meanY = sums.y / n;
  // A pixel is a square: its own second moment is 1/12 in both directions.
  const varianceX = sums.xx / n - meanX * meanX + 1 / 12;
  const varianceY = sums.yy / n - meanY * meanY + 1 / 12;
  const covariance = sums.xy / n - meanX * meanY;
  return {
    centroid: [middleX + meanX, middleY + meanY],
    orientation: principalAxis(varianceX, varianceY, covariance),
  };
}

type Sums = Record<'n' | 'x' | 'y' | 'xx' | 'yy' | 'xy', number>;

/** Adds the pixels from column `first` to column `last` of row `y`. */
function addRun(sums: Sums, first: number, last: number, y: number): void {
  const count = last - first + 1;
  const mean = (first + last) / 2;
  sums.n += count;
  sums.x += count * mean;
  sums.y += count * y;
  sums.xx += count * (mean * mean + (count * count - 1) / 12);
  sums.yy += count * y * y;
  sums.xy += count * mean * y;
}

function principalAxis(varianceX: number, varianceY: number, covariance: number): number | null {
  const spread = Math.hypot(varianceX - varianceY, 2 * covariance);
  const greatest = (varianceX + varianceY + spread) / 2;
  if (spread < LEAST_DIFFERENCE * greatest) return null;
  // Rows count downwards, angles go up: the covariance changes its sign.
  const degrees = (Math.atan2(-2 * covariance, varianceX - varianceY) * 90) / Math.PI;
  // -90 and 90 are one direction; 0 rather than -0.
  return degrees <= -90 + ANGLE_NOISE ? degrees + 180 : degrees + 0;
}

const ANGLE_NOISE = 1e-9;
