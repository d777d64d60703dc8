import type { Point } from './layouts.ts';

/** An angle with the lowest confidence of the points it rests on; undefined where one of them was not seen. */
export interface Measured {
  readonly degrees: number;
  readonly confidence: number;
}

/** `angle` may find that the points tell nothing (they coincide, say). */
export function measure<Points extends readonly (Point | undefined)[]>(
  points: readonly [...Points],
  angle: (...points: { [At in keyof Points]: Exclude<Points[At], undefined> }) => number | undefined,
): Measured | undefined {
  const seen = points.filter((point) => point !== undefined);
  if (seen.length < points.length) return undefined;
  const degrees = angle(...(seen as { [At in keyof Points]: Exclude<Points[At], undefined> }));
  if (degrees === undefined || !Number.isFinite(degrees)) return undefined;
  return { degrees, confidence: Math.min(...seen.map(({ confidence }) => confidence)) };
}

/** Between left and right, nearer to the one that was seen better; one of them will do. */
export function middle(left: Point | undefined, right: Point | undefined): Point | undefined {
  if (!left || !right) return left ?? right;
  const share = left.confidence / (left.confidence + right.confidence);
  const between = (a: number, b: number) => a * share + b * (1 - share);
  return {
    x: between(left.x, right.x),
    y: between(left.y, right.y),
    z: between(left.z, right.z),
    confidence: Math.max(left.confidence, right.confidence),
  };
}
