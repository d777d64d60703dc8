import type { ColumnResult } from '../results/result.ts';
import type { Series } from './chart-geometry.ts';

/** How names, figures and sides are told in a report. */
export const SIDE_COLORS = { left: '#1f5fbf', right: '#a4197e', middle: '#222222' } as const;

const NAMES: Readonly<Record<string, string>> = {
  muscle_a: 'muscle use of the arm',
  muscle_b: 'muscle use of the body',
  force_a: 'force on the arm',
  force_b: 'force on the body',
};

export const spoken = (name: string): string => NAMES[name] ?? name.replaceAll('_', ' ');

export const percentOf = (part: number, whole: number): string =>
  whole > 0 ? `${Math.round((part / whole) * 100)} %` : '–';

/** Degrees or seconds with a true minus. */
export const figure = (value: number | null, digits = 1): string =>
  value === null ? '–' : value.toFixed(digits).replace('-', '−');

export const seriesOf = ({ samples }: ColumnResult, name: string): Series => ({
  times: (samples.t ?? []) as ArrayLike<number>,
  values: samples[name] ?? [],
});
