import { SlidingRange } from './sliding-range.ts';

/**
 * What angles over time tell of how a body works: postures that are held, movements that come again and again, and
 * movements that are rapid. A stretch in which an angle was not seen for too long ends what was going on before it.
 */
export interface Sample {
  /** Seconds; samples are in the order of time. */
  readonly t: number;
  /** Degrees by name; what was not seen is left out. */
  readonly angles: Readonly<Record<string, number | undefined>>;
}

/** Seconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Longest time between two samples that still belong together: as samples lie, but no less than two seconds. */
export function longestGap(samples: readonly Sample[]): number {
  const steps = samples.slice(1).map(({ t }, at) => t - (samples[at]?.t ?? t));
  const median = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return Math.max(2, 3 * median);
}

interface WindowRule {
  /** Seconds without any of the angles that end a window. */
  readonly maxGap: number;
  /** Whether the window may go on with the ranges that its angles now have. */
  fits(ranges: readonly number[], seconds: number): boolean;
}

/** The longest window that ends at each sample and fits. */
function* windows(samples: readonly Sample[], names: readonly string[], { maxGap, fits }: WindowRule) {
  let from = 0;
  let ranges = names.map(() => new SlidingRange());
  let last: number | undefined;
  for (const [at, sample] of samples.entries()) {
    const isSeen = names.some((name) => sample.angles[name] !== undefined);
    if (!isSeen) continue;
    if (last !== undefined && sample.t - last > maxGap) {
      from = at;
      ranges = names.map(() => new SlidingRange());
    }
    last = sample.t;
    for (const [index, name] of names.entries()) {
      const value = sample.angles[name];
      if (value !== undefined) ranges[index]?.push(at, value);
    }
    while (
      from < at &&
      !fits(
        ranges.map(({ range }) => range),
        sample.t - (samples[from]?.t ?? 0),
      )
    ) {
      from += 1;
      for (const range of ranges) range.dropBefore(from);
    }
    yield {
      from: samples[from]?.t ?? sample.t,
      to: sample.t,
      ranges: ranges.map(({ range }) => range),
    };
  }
}

/** Floats that were added up may miss a limit by this much. */
const NEARLY = 1e-6;

/** Stretches longer than `seconds` in which all of the angles stayed within `tolerance` degrees to either side. */
export function findHeld(
  samples: readonly Sample[],
  names: readonly string[],
  { seconds, tolerance, maxGap }: { seconds: number; tolerance: number; maxGap: number },
): Stretch[] {
  const held: Stretch[] = [];
  const fits = (ranges: readonly number[]) => ranges.every((range) => range <= 2 * tolerance + NEARLY);
  for (const { from, to } of windows(samples, names, { maxGap, fits })) {
    if (to - from > seconds + NEARLY) held.push({ from, to });
  }
  return merged(held);
}

/** Times at which an angle had changed by `degrees` or more within `seconds`. */
export function findRapid(
  samples: readonly Sample[],
  name: string,
  { degrees, seconds, maxGap }: { degrees: number; seconds: number; maxGap: number },
): number[] {
  const fits = (_ranges: readonly number[], duration: number) => duration <= seconds + NEARLY;
  return [...windows(samples, [name], { maxGap, fits })]
    .filter(({ ranges }) => (ranges[0] ?? 0) >= degrees - NEARLY)
    .map(({ to }) => to);
}

/** When each movement of an angle by `degrees` or more, to one side, was over. Smaller ones are no movements. */
export function findMovements(
  samples: readonly Sample[],
  name: string,
  { degrees, maxGap }: { degrees: number; maxGap: number },
): number[] {
  const movements: number[] = [];
  let going: Movement | undefined;
  let last = 0;
  const end = () => {
    if (going && going.direction !== 0) movements.push(going.extreme.t);
  };
  for (const { t, angles } of samples) {
    const value = angles[name];
    if (value === undefined) continue;
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
  const found = movements.flatMap((from, at) => {
    const to = movements[at + needed - 1];
    return to !== undefined && to - from <= 60 + NEARLY ? [{ from, to }] : [];
  });
  return merged(found);
}

/** Stretches in the order of their starts, those that touch made one. */
export function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) result[result.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else result.push({ from, to });
  }
  return result;
}
