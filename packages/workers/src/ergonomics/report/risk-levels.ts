/** Names and colours of the levels of each method, and of bands of angles: the same wherever risk is shown. */
export const RISK_COLORS = ['#2e9e5b', '#b5c334', '#f2a33a', '#e2642b', '#a31621'] as const;
const [GREEN, YELLOW, ORANGE, , RED] = RISK_COLORS;

export const RISK_LEVELS = {
  rula: {
    /** Action level of the first name. */
    first: 1,
    names: ['acceptable (1–2)', 'investigate (3–4)', 'change soon (5–6)', 'change now (7)'],
    colors: [GREEN, YELLOW, ORANGE, RED],
    /** The highest score of each level. */
    limits: [2, 4, 6, 7],
  },
  reba: {
    first: 0,
    names: ['negligible (1)', 'low (2–3)', 'medium (4–7)', 'high (8–10)', 'very high (11–15)'],
    colors: RISK_COLORS,
    limits: [1, 3, 7, 10, 15],
  },
  owas: {
    first: 1,
    names: ['normal', 'action in the near future', 'as soon as possible', 'immediately'],
    colors: [GREEN, YELLOW, ORANGE, RED],
    limits: [1, 2, 3, 4],
  },
} as const;
export type RiskMethod = keyof typeof RISK_LEVELS;

/** Name and colour of the level that a score belongs to. */
export function riskOf(method: RiskMethod, score: number): { readonly name: string; readonly color: string } {
  const { limits, names, colors } = RISK_LEVELS[method];
  const at = limits.findIndex((limit) => score <= limit);
  return { name: names[at] ?? '', color: colors[at] ?? RED };
}

/** Of bands in the manner of EN 1005-4, by name; all others are not acceptable. */
const BAND_COLORS: Readonly<Record<string, string>> = { acceptable: GREEN, conditional: YELLOW };
export const bandColor = (name: string): string => BAND_COLORS[name] ?? RISK_COLORS[3];

/** Black or white, whichever reads better on a colour. */
export function textOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140 ? '#1d2330' : '#ffffff';
}
