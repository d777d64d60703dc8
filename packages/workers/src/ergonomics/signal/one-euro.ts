/**
 * The One Euro filter: a low-pass whose cutoff rises with speed, so that what rests is calm and what moves lags little.
 * It knows only the past, for live pictures. Source: Casiez G, Roussel N, Vogel D. 1 € filter. CHI 2012, 2527-2530; as
 * its authors' code does, speed is that against the value filtered before.
 */
export interface OneEuroOptions {
  readonly minCutoffHz: number;
  readonly beta: number;
  /** Default 1. */
  readonly speedCutoffHz?: number;
}

/** @returns the filter of one value over time; `t` in seconds has to grow. */
export function createOneEuro({ minCutoffHz, beta, speedCutoffHz = 1 }: OneEuroOptions) {
  let before: { readonly t: number; readonly value: number; readonly speed: number } | undefined;
  return (t: number, raw: number): number => {
    if (before === undefined) {
      before = { t, value: raw, speed: 0 };
      return raw;
    }
    const step = t - before.t;
    const speed = mix((raw - before.value) / step, before.speed, share(speedCutoffHz, step));
    const value = mix(raw, before.value, share(minCutoffHz + beta * Math.abs(speed), step));
    before = { t, value, speed };
    return value;
  };
}

const share = (cutoffHz: number, step: number) => 1 / (1 + 1 / (2 * Math.PI * cutoffHz * step));
const mix = (a: number, b: number, shareOfA: number) => a * shareOfA + b * (1 - shareOfA);
