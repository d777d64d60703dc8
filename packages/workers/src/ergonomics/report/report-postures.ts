import type { ColumnResult } from '../results/result.ts';
import { type AngleBand, BAND_SCHEMES, type BandedAngle } from '../sequence/bands.ts';
import { clockOf } from './chart-geometry.ts';
import type { Block, TableColumn } from './report-blocks.ts';
import { figure, SIDE_COLORS, seriesOf, spoken } from './report-words.ts';
import { bandColor } from './risk-levels.ts';

/** The part of a report about the body: joints, angles over time, time in bands of angles, static and repeated work. */
export function reportPostures(result: ColumnResult): Block[] {
  return [
    { kind: 'heading', text: 'Joints' },
    joints(result),
    { kind: 'heading', text: 'Angles over time' },
    ...anglesOverTime(result),
    { kind: 'heading', text: 'Time in bands of angles' },
    {
      kind: 'text',
      text: 'Stretches over 4 s are those in which an angle stays within one band for longer than four seconds.',
    },
    bands(result, 'en_1005_4', 'In the manner of EN 1005-4'),
    bands(result, 'time_analysis', 'Wider bands of time analyses'),
    { kind: 'heading', text: 'Static, repeated and rapid' },
    activities(result),
  ].flat() as Block[];
}

const number = (title: string, weight = 1): TableColumn => ({ title, weight, isNumber: true });

function joints({ summary }: ColumnResult): Block {
  const seen = summary.joints.filter(({ max }) => max !== null);
  if (seen.length === 0) return { kind: 'text', text: 'No joint was seen.' };
  return {
    kind: 'table',
    columns: [
      { title: 'joint', weight: 2.4 },
      ...[number('least °'), number('mean °'), number('most °'), number('movements', 1.2), number('seen')],
    ],
    rows: seen.map((one) => [
      spoken(one.joint),
      ...[one.min, one.mean, one.max].map((value) => figure(value)),
      ...[String(one.movements), clockOf(one.seconds)],
    ]),
  };
}

const [LOW, HIGH] = [-30, 120];
/** Arms go over the head. */
const HIGH_OF_ARMS = 180;
const TICK = 30;
const degreesFrom = (low: number, high: number): number[] =>
  Array.from({ length: (high - low) / TICK + 1 }, (_, at) => low + at * TICK);

function anglesOverTime(result: ColumnResult): Block[] {
  const angle = (
    label: string,
    of: BandedAngle,
    names: readonly (readonly [string, string, number])[],
  ): Block[] => {
    const list: readonly AngleBand[] = BAND_SCHEMES.en_1005_4[of];
    const high = of === 'upper_arm_flexion' ? HIGH_OF_ARMS : HIGH;
    const limits = list.flatMap(({ upTo }) => upTo ?? []);
    return [
      { kind: 'subheading', text: label },
      {
        kind: 'chart',
        chart: {
          ...{ label: `${label} over time`, low: LOW, high, isStepped: false },
          ticks: degreesFrom(LOW, high),
          limits,
          bands: list.map(({ upTo = high, name }, at) => ({
            ...{ from: list[at - 1]?.upTo ?? LOW, to: upTo, color: bandColor(name) },
          })),
          lines: names.map(([name, color, width]) => ({ series: seriesOf(result, name), color, width })),
        },
      },
    ];
  };
  return [
    {
      kind: 'text',
      text: 'Degrees; forward is positive. Colours: bands in the manner of EN 1005-4, with their limits at the right.',
    },
    {
      kind: 'legend',
      entries: [
        { color: bandColor('acceptable'), label: 'acceptable' },
        { color: bandColor('conditional'), label: 'conditional' },
        { color: bandColor('not acceptable'), label: 'not acceptable' },
        { color: SIDE_COLORS.left, label: 'left' },
        { color: SIDE_COLORS.right, label: 'right' },
      ],
    },
    ...angle('Trunk flexion', 'trunk_flexion', [['trunk_flexion', SIDE_COLORS.middle, 1.2]]),
    ...angle('Neck flexion', 'neck_flexion', [['neck_flexion', SIDE_COLORS.middle, 1.2]]),
    ...angle('Upper arm flexion', 'upper_arm_flexion', [
      ['left_upper_arm_flexion', SIDE_COLORS.left, 2],
      ['right_upper_arm_flexion', SIDE_COLORS.right, 1],
    ]),
  ];
}

function bands({ summary }: ColumnResult, scheme: string, title: string): Block[] {
  const rows = summary.bands
    .filter((table) => table.scheme === scheme)
    .flatMap(({ joint, bands: list }) =>
      list.map(({ name, upTo, seconds, share, seconds_in_long: long }, at) => [
        at === 0 ? spoken(joint) : '',
        rangeOf(list[at - 1]?.upTo, upTo),
        name,
        ...[`${figure(seconds)} s`, `${Math.round(share * 100)} %`, `${figure(long)} s`],
      ]),
    );
  return [
    { kind: 'subheading', text: title },
    {
      kind: 'table',
      columns: [
        { title: 'angle', weight: 2.2 },
        { title: 'band', weight: 1.5 },
        { title: '', weight: 2.2 },
        ...[number('time', 1.1), number('share', 0.8), number('over 4 s', 1.1)],
      ],
      rows,
    },
  ];
}

function rangeOf(from: number | null | undefined, to: number | null): string {
  // An edge in the middle between two whole degrees is that of the upper one.
  const degrees = (value: number) => `${figure(Math.ceil(value) + 0, 0)}°`;
  if (to === null) return `above ${degrees(from ?? 0)}`;
  if (from !== null && from !== undefined) return `${degrees(from)} to ${degrees(to)}`;
  return `${Number.isInteger(to) ? 'up to' : 'below'} ${degrees(to)}`;
}

function activities({ summary }: ColumnResult): Block {
  const kinds = ['static', 'repeated', 'rapid'] as const;
  const rows = kinds.flatMap((kind) =>
    Object.entries(summary[kind]).flatMap(([part, stretches]) =>
      stretches.map(({ from, to }) => [
        ...[kind, spoken(part), `${clockOf(from)} – ${clockOf(to)}`, `${figure(to - from)} s`],
      ]),
    ),
  );
  if (rows.length === 0) return { kind: 'text', text: 'None was found.' };
  return {
    kind: 'table',
    columns: [
      { title: '', weight: 1 },
      { title: 'part', weight: 1.4 },
      { title: 'time', weight: 2 },
      number('for'),
    ],
    rows,
  };
}
