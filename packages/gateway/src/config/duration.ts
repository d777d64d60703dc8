/** Durations of `spillway.yaml`: a number and a unit. A bare number is refused, since RunPod mixes seconds and milliseconds. */
export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof UNIT_MS;

const UNIT_WORDS: readonly (readonly [pattern: RegExp, unit: Unit])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 'ms'],
  [/^(s|secs?|seconds?)$/i, 's'],
  [/^(m|mins?|minutes?)$/i, 'm'],
  [/^(h|hrs?|hours?)$/i, 'h'],
  [/^(d|days?)$/i, 'd'],
];

/** Milliseconds (whole) of `250ms`, `5s`, `1.5m`, `2h`, `7d`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (!match) return undefined;
  return Math.round(Number(match[1]) * UNIT_MS[match[2] as Unit]);
}

/** The shortest text for a duration: the largest unit that divides it. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= UNIT_MS[unit] && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return ms > 1000 ? `${ms / 1000}s` : `${ms}ms`;
}

/** What somebody who wrote `5`, `"5"`, `5 sec` or `10 minutes` probably meant; undefined when that can't be told. */
export function guessDuration(found: unknown): string | undefined {
  if (typeof found === 'number') return found >= 0 && Number.isFinite(found) ? `${found}s` : undefined;
  if (typeof found !== 'string') return undefined;
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(found);
  if (!match) return undefined;
  const word = match[2] || 's';
  const unit = UNIT_WORDS.find(([pattern]) => pattern.test(word))?.[1];
  return unit ? `${match[1]}${unit}` : undefined;
}
