/** Repeatable chance: the same seed gives the same pictures everywhere. */
export interface Chance {
  /** 0 up to 1. */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number from 0 up to `count`. */
  below(count: number): number;
  /** Mean 0, deviation 1. */
  normal(): number;
}

/** Mulberry32, a public-domain generator by T. Ettinger. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    below: (count) => Math.floor(next() * count),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
