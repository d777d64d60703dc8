import { RISK_LEVELS, RISK_METHODS, type RiskMethod } from '@spillway/protocol/ergonomics';

/** Names and colours of the levels of each method, and of bands of angles: the same wherever risk is shown. */
export const RISK_COLORS = ['#2e9e5b', '#b5c334', '#f2a33a', '#e2642b', '#a31621'] as const;
const [GREEN, YELLOW] = RISK_COLORS;

export interface ShownLevel {
  /** With its scores, where they are not the level itself. */
  readonly name: string;
  readonly color: string;
  /** Its highest score. */
  readonly to: number;
}

export const SHOWN_LEVELS = Object.fromEntries(
  RISK_METHODS.map((method) => [
    method,
    RISK_LEVELS[method].map(({ name, from, to, risk }): ShownLevel => {
      const scores = method === 'owas' ? '' : ` (${from === to ? from : `${from}–${to}`})`;
      return { name: name + scores, color: RISK_COLORS[risk], to };
    }),
  ]),
) as unknown as Readonly<Record<RiskMethod, readonly ShownLevel[]>>;

/** Name and colour of the level that a score belongs to. */
export function riskOf(method: RiskMethod, score: number): { readonly name: string; readonly color: string } {
  const level = SHOWN_LEVELS[method].find(({ to }) => score <= to);
  return level ?? { name: '', color: RISK_COLORS[4] };
}

/** Of bands in the manner of EN 1005-4, by name; all others are not acceptable. */
const BAND_COLORS: Readonly<Record<string, string>> = { acceptable: GREEN, conditional: YELLOW };
export const bandColor = (name: string): string => BAND_COLORS[name] ?? RISK_COLORS[3];

/** Black or white, whichever reads better on a colour. */
export function textOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140 ? '#1d2330' : '#ffffff';
}
