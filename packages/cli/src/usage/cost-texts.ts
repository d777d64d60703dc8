/** Money and time of costs as people read them. Money comes in millionths of a US dollar. */
const MICROS = 1_000_000;

/** `$12.35`; more decimals where two would hide it: `$0.0042`. */
export function dollars(micros: number): string {
  const sign = micros < 0 ? '-' : '';
  const size = Math.abs(micros) / MICROS;
  if (size >= 0.1 || size === 0) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${String(Number(size.toPrecision(2))).includes('e') ? size.toFixed(6) : Number(size.toPrecision(2))}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** `3.2 s`, `12 m`, `5.5 h`: one figure that says enough. */
export function span(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= 2 * size) return `${Number((ms / size).toFixed(1))} ${unit}`;
  return `${Number((ms / 1_000).toFixed(ms < 10_000 ? 2 : 0))} s`;
}
