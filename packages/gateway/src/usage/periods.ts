/** Days and months in which costs are added up: UTC, so that they are the same for everybody. */
export const DAY_MS = 86_400_000;

export type Period = 'day' | 'month';

/** Days since 1970. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** `2026-11-21` */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

export function periodStart(at: number, per: Period): number {
  if (per === 'day') return dayOf(at) * DAY_MS;
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** The first moment that is no longer in it. */
export function periodEnd(at: number, per: Period): number {
  if (per === 'day') return (dayOf(at) + 1) * DAY_MS;
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
