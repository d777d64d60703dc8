import { SlidingRange } from './sliding-range.ts';

/**
 * What angles over time tell of how a body works: postures that are held, movements that come again and again, and
 * movements that are rapid. A stretch in which an angle was not seen for too long ends what was going on before it.
 */
export interface AngleSeries {
  /** Seconds, growing. */
  readonly times: Float64Array;
  /** Degrees by name, one for each time; NaN where it was not seen. */
  readonly angles: Readonly<Record<string, Float64Array>>;
}

export interface Sample {
  /** Seconds; samples are in the order of time. */
  readonly t: number;
  /** Degrees by name; what was not seen is left out. */
  readonly angles: Readonly<Record<string, number | undefined>>;
}

export function seriesOf(samples: readonly Sample[]): AngleSeries {
  const names = new Set(samples.flatMap(({ angles }) => Object.keys(angles)));
  const degreesOf = (name: string) => Float64Array.from(samples, ({ angles }) => angles[name] ?? Number.NaN);
  return {
    times: Float64Array.from(samples, ({ t }) => t),
    angles: Object.fromEntries([...names].map((name) => [name, degreesOf(name)])),
  };
}

/** Seconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The median; 0 without any. */
export function usualStep(times: Float64Array): number {
  const steps = times.slice(1).map((t, at) => t - (times[at] ?? t));
  return steps.sort()[Math.floor(steps.length / 2)] ?? 0;
}

/** Longest time between two samples that still belong together: as samples lie, but no less than two seconds. */
export const longestGap = (times: Float64Array): number => Math.max(2, 3 * usualStep(times));

interface WindowRule {
  /** Seconds without any of the angles that end a window. */
  readonly maxGap: number;
  /** Whether the window may go on with the ranges that its angles now have. */
  fits(ranges: readonly number[], seconds: number): boolean;
}

/** The longest window that ends at each sample and fits. */
function* windows({ times, angles }: AngleSeries, names: readonly string[], { maxGap, fits }: WindowRule) {
  const columns = names.map((name) => angles[name]);
  let from = 0;
  let ranges = names.map(() => new SlidingRange());
  let last: number | undefined;
  for (const [at, t] of times.entries()) {
    const isSeen = columns.some((column) => isKnown(column?.[at]));
    if (!isSeen) continue;
    if (last !== undefined && t - last > maxGap) {
      from = at;
      ranges = names.map(() => new SlidingRange());
    }
    last = t;
    for (const [index, column] of columns.entries()) {
      const value = column?.[at];
      if (isKnown(value)) ranges[index]?.push(at, value);
    }
    while (
      from < at &&
      !fits(
        ranges.map(({ range }) => range),
        t - (times[from] ?? 0),
      )
    ) {
      from += 1;
      for (const range of ranges) range.dropBefore(from);
    }
    yield { from: times[from] ?? t, to: t, ranges: ranges.map(({ range }) => range) };
  }
}

const isKnown = (degrees: number | undefined): degrees is number =>
  degrees !== undefined && !Number.isNaN(degrees);

/** Floats that were added up may miss a limit by this much. */
const NEARLY = 1e-6;

/** Stretches longer than `seconds` in which all of the angles stayed within `tolerance` degrees to either side. */
export function findHeld(
  series: AngleSeries,
  names: readonly string[],
  { seconds, tolerance, maxGap }: { seconds: number; tolerance: number; maxGap: number },
): Stretch[] {
  const held: Stretch[] = [];
  const fits = (ranges: readonly number[]) => ranges.every((range) => range <= 2 * tolerance + NEARLY);
  for (const { from, to } of windows(series, names, { maxGap, fits })) {
    if (to - from > seconds + NEARLY) append(held, { from, to });
  }
  return held;
}

/** Times at which an angle had changed by `degrees` or more within `seconds`. */
export function findRapid(
  series: AngleSeries,
  name: string,
  { degrees, seconds, maxGap }: { degrees: number; seconds: number; maxGap: number },
): number[] {
  const fits = (_ranges: readonly number[], duration: number) => duration <= seconds + NEARLY;
  const rapid: number[] = [];
  for (const { to, ranges } of windows(series, [name], { maxGap, fits })) {
    if ((ranges[0] ?? 0) >= degrees - NEARLY) rapid.push(to);
  }
  return rapid;
}

/** When each movement of an angle by `degrees` or more, to one side, was over. Smaller ones are no movements. */
export function findMovements(
  { times, angles }: AngleSeries,
  name: string,
  { degrees, maxGap }: { degrees: number; maxGap: number },
): number[] {
  const movements: number[] = [];
  let going: Movement | undefined;
  let last = 0;
  const end = () => {
    if (going && going.direction !== 0) movements.push(going.extreme.t);
  };
  for (const [at, value] of (angles[name] ?? []).entries()) {
    if (!isKnown(value)) continue;
    const t = times[at] ?? 0;
    const mark = { t, value };
    if (going === undefined || t - last > maxGap) {
      end();
      going = { direction: 0, extreme: mark, other: mark };
    } else {
      const next = follow(going, mark, degrees);
      if (going.direction !== 0 && next.direction !== going.direction) movements.push(going.extreme.t);
      going = next;
    }
    last = t;
  }
  end();
  return movements;
}

interface Mark {
  readonly t: number;
  readonly value: number;
}

interface Movement {
  /** 0 until it has gone far enough to one side. */
  readonly direction: 0 | 1 | -1;
  /** The furthest that it has got; without a direction, the highest. */
  readonly extreme: Mark;
  /** Without a direction, the lowest. */
  readonly other: Mark;
}

function follow({ direction, extreme, other }: Movement, mark: Mark, degrees: number): Movement {
  if (direction === 0) {
    const high = mark.value > extreme.value ? mark : extreme;
    const low = mark.value < other.value ? mark : other;
    if (mark.value - low.value >= degrees) return { direction: 1, extreme: mark, other: mark };
    if (high.value - mark.value >= degrees) return { direction: -1, extreme: mark, other: mark };
    return { direction, extreme: high, other: low };
  }
  const further = (mark.value - extreme.value) * direction;
  if (further >= 0) return { direction, extreme: mark, other };
  if (-further < degrees) return { direction, extreme, other };
  return { direction: direction === 1 ? -1 : 1, extreme: mark, other };
}

/** Stretches of up to a minute in which an angle went there and back again `times` times or more. */
export function findRepeated(movements: readonly number[], times: number): Stretch[] {
  const needed = 2 * times;
  const found: Stretch[] = [];
  for (const [at, from] of movements.entries()) {
    const to = movements[at + needed - 1];
    if (to !== undefined && to - from <= 60 + NEARLY) append(found, { from, to });
  }
  return found;
}

/** Stretches in the order of their starts, those that touch made one. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of stretches.toSorted((a, b) => a.from - b.from)) append(result, stretch);
  return result;
}

/** Adds one that does not start before the last, or prolongs that one where they touch. */
export function append(stretches: Stretch[], { from, to }: Stretch): void {
  const last = stretches.at(-1);
  if (last && from <= last.to)
    stretches[stretches.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  else stretches.push({ from, to });
}
