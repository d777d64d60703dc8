import { expect, test } from 'vitest';
import { type ChartOptions, clockOf, layOutChart, UNSEEN_COLOR } from './chart-geometry.ts';

/** Where things lie in a chart of 100 by 50, with figures of 4. */
const SIZE = { width: 100, height: 50, fontSize: 4 };
const options = (values: readonly (number | null)[], more: Partial<ChartOptions> = {}): ChartOptions => ({
  ...{ label: 'a chart', low: 0, high: 10, ticks: [0, 10], bands: [], isStepped: true },
  lines: [{ series: { times: values.map((_, at) => at), values }, color: '#000000', width: 1 }],
  ...more,
});

test('a step lasts until the next sample, and ends where nothing is known', () => {
  const drawing = layOutChart(options([0, 10, null, 10, 10]), SIZE);
  const [grid] = drawing?.grid ?? [];
  const [from = 0, to = 0] = [grid?.x1, grid?.x2];
  const x = (t: number) => (from + ((to - from) * t) / 4).toFixed(1);
  const [bottom, top] = (drawing?.grid ?? []).map(({ y }) => y.toFixed(1));
  expect(drawing?.paths[0]?.d).toBe(`M${x(0)} ${bottom}H${x(1)}V${top}H${x(2)}M${x(3)} ${top}H${x(4)}`);
});

test('time of which no line knows anything is covered', () => {
  const drawing = layOutChart(options([1, null, null, 1, 1]), SIZE);
  const unseen = drawing?.areas.filter(({ color }) => color === UNSEEN_COLOR) ?? [];
  const [grid] = drawing?.grid ?? [];
  const span = (grid?.x2 ?? 0) - (grid?.x1 ?? 0);
  expect(unseen).toHaveLength(1);
  expect(unseen[0]?.x).toBeCloseTo((grid?.x1 ?? 0) + span / 4, 6);
  expect(unseen[0]?.width).toBeCloseTo(span / 2, 6);
  const known = { series: { times: [0, 1, 2, 3, 4], values: [1, 1, 1, 1, 1] }, color: '#ff0000', width: 1 };
  const both = options([1, null, null, 1, 1]);
  expect(layOutChart({ ...both, lines: [...both.lines, known] }, SIZE)?.areas).toEqual([]);
});

test('values beyond the ends of the axis lie at its ends', () => {
  const inside = layOutChart(options([0, 10, 0]), SIZE)?.paths;
  expect(layOutChart(options([-50, 400, 0]), SIZE)?.paths).toEqual(inside);
});

test('a long recording has no more points than the chart has room for, and keeps its peaks', () => {
  const values = Array.from({ length: 20_000 }, (_, at) => (at === 7321 ? 10 : 1));
  const path = layOutChart(options(values, { isStepped: false }), SIZE)?.paths[0]?.d ?? '';
  expect(path.split('L').length).toBeLessThan(110);
  const [, top] = layOutChart(options(values), SIZE)?.grid ?? [];
  expect(path).toContain(` ${top?.y.toFixed(1)}`);
});

test('marks stand at their time above the lines', () => {
  const drawing = layOutChart(options([1, 1, 1], { marks: [{ t: 1, label: '3' }] }), SIZE);
  const [grid] = drawing?.grid ?? [];
  const [mark] = drawing?.marks ?? [];
  expect(mark?.text).toBe('3');
  expect(mark?.x).toBeCloseTo(((grid?.x1 ?? 0) + (grid?.x2 ?? 0)) / 2, 6);
  expect(mark?.y).toBeLessThan(Math.min(...(drawing?.grid ?? []).map(({ y }) => y)));
});

/** What stands below a chart of `width` of this many seconds; figures are 4 high. */
function timesOf(seconds: number, width: number): string[] {
  const series = { times: [0, seconds], values: [1, 1] };
  const lines = [{ series, color: '#000000', width: 1 }];
  const drawing = layOutChart(options([], { lines, ticks: [] }), { ...SIZE, width });
  return drawing?.texts.map(({ text }) => text) ?? [];
}

test.each([
  [13.83, 200, ['0:00', '0:02', '0:04', '0:06', '0:08', '0:10', '0:12']],
  [13.83, 80, ['0:00', '0:05', '0:10']],
  [601, 100, ['0:00', '5:00', '10:00']],
  [5400, 100, ['0:00', '30:00', '1:00:00', '1:30:00']],
  [0.9, 100, ['0:00.0', '0:00.5']],
])('%d seconds on %d points are told by round times', (seconds, width, texts) => {
  expect(timesOf(seconds, width)).toEqual(texts);
});

test('limits of bands are named at the right, where no line runs', () => {
  const drawing = layOutChart(options([0, 10], { limits: [-5, 4] }), SIZE);
  const named = drawing?.texts.filter(({ text }) => text.endsWith('°')) ?? [];
  expect(named.map(({ text }) => text)).toEqual(['−5°', '4°']);
  for (const { x } of named) expect(x).toBeGreaterThan(drawing?.grid[0]?.x2 ?? Number.POSITIVE_INFINITY);
});

test('without samples there is no chart', () => {
  expect(layOutChart(options([]), SIZE)).toBeUndefined();
});

test.each([
  [0, '0:00.0'],
  [75.24, '1:15.2'],
  [3599.94, '59:59.9'],
  [3725, '1:02:05'],
])('%d seconds read %s', (seconds, text) => {
  expect(clockOf(seconds)).toBe(text);
});
