/** Sizes of `spillway.yaml`: a number and a binary unit, as container engines write them (`512m`, `8g`). */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)\s?([kmgt])(?:i?b)?$/i;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** Bytes (whole) of `512m`, `1.5g`, `8GiB`; undefined for any other text. */
export function parseSize(text: string): number | undefined {
  const [, number, unit] = SIZE_PATTERN.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  return Math.round(Number(number) * (UNIT_BYTES[unit.toLowerCase()] ?? Number.NaN));
}
