/**
 * Money as whole millionths of a US dollar, so that sums are exact. Prices are for an hour: a price for a second as
 * RunPod prints it is a whole number of millionths, and its hour is, too.
 */
export const MICROS = 1_000_000;
const HOUR_S = 3_600;

/** What whole seconds cost, to the nearest millionth. Exact for years at a thousand dollars an hour. */
export function costOf(seconds: number, microsPerHour: number): number {
  const hours = Math.floor(seconds / HOUR_S);
  return hours * microsPerHour + Math.round(((seconds - hours * HOUR_S) * microsPerHour) / HOUR_S);
}

/** Seconds that are charged for a time: each that was begun. */
export function chargedSeconds(ms: number): number {
  return Math.ceil(Math.max(0, ms) / 1_000);
}

/** Dollars as somebody wrote them, in millionths. */
export function microsOf(dollars: number): number {
  return Math.round(dollars * MICROS);
}

/** `12.345678`: exact, with two decimals at least. */
export function decimalDollars(micros: number): string {
  const sign = micros < 0 ? '-' : '';
  const size = Math.abs(micros);
  const fraction = String(size % MICROS)
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${Math.floor(size / MICROS)}.${fraction}`;
}

/** `$12.35`, and more decimals where that would hide it: `$0.0042`. */
export function dollarsText(micros: number): string {
  const dollars = Math.abs(micros) / MICROS;
  const sign = micros < 0 ? '-' : '';
  if (dollars >= 0.1 || micros === 0) return `${sign}$${dollars.toFixed(2)}`;
  return `${sign}$${Number(dollars.toPrecision(2))
    .toFixed(6)
    .replace(/0{1,4}$/, '')}`;
}
