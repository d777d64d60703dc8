import writeXlsxFile, { type Row } from 'write-excel-file/node';
import type { LevelTime } from '../sequence/summarise.ts';
import { describeAssumed } from './assumed-text.ts';
import type { ColumnResult } from './result.ts';

/** The summary of a sequence as a workbook: levels, bands, joints, stretches, worst moments, lifts if there are any, and what it rests on. */
export async function writeXlsx(result: ColumnResult): Promise<Buffer> {
  const shown = SHEETS.filter(({ name }) => name !== LIFTS || result.summary.niosh.length > 0);
  const sheets = shown.map(({ name, rows }) => {
    const [head = [], ...data] = rows(result);
    const bold = head.map((value) => ({ value: String(value), fontWeight: 'bold' as const }));
    return {
      data: [bold, ...data] as Row[],
      sheet: name,
      stickyRowsCount: 1,
      columns: head.map(() => ({ width: 22 })),
    };
  });
  return writeXlsxFile(sheets).toBuffer();
}

type Cell = string | number | null;
type Rows = (result: ColumnResult) => Cell[][];

/** Hundredths are as fine as such times and angles are. */
const short = (value: number | null): number | null =>
  value === null ? null : Math.round(value * 100) / 100;

const levels: Rows = ({ summary }) => {
  const rows = (method: string, side: string, list: readonly LevelTime[]) =>
    list.map(({ level, seconds, share }): Cell[] => [
      method,
      side,
      level,
      short(seconds),
      short(share * 100),
    ]);
  const sides = [
    ['worse side', summary.worse_side],
    ['left', summary.left],
    ['right', summary.right],
  ] as const;
  return [
    ['method', 'side', 'action level', 'seconds', 'percent'],
    ...sides.flatMap(([side, one]) => rows('RULA', side, one.rula)),
    ...sides.flatMap(([side, one]) => rows('REBA', side, one.reba)),
    ...rows('OWAS', 'body', summary.owas),
  ];
};

const bands: Rows = ({ summary }) => [
  ['angle', 'scheme', 'band', 'up to degrees', 'seconds', 'percent', 'seconds in stretches over 4 s'],
  ...summary.bands.flatMap(({ scheme, joint, bands: list }) =>
    list.map((band): Cell[] => [
      ...[joint, scheme, band.name, band.upTo],
      ...[short(band.seconds), short(band.share * 100), short(band.seconds_in_long)],
    ]),
  ),
];

const joints: Rows = ({ summary }) => [
  ['joint', 'least degrees', 'mean degrees', 'most degrees', 'movements', 'seconds seen'],
  ...summary.joints.map((one): Cell[] => [
    ...[one.joint, short(one.min), short(one.mean), short(one.max)],
    ...[one.movements, short(one.seconds)],
  ]),
];

const stretches: Rows = ({ summary }) => [
  ['kind', 'part', 'from second', 'to second'],
  ...(['static', 'repeated', 'rapid'] as const).flatMap((kind) =>
    Object.entries(summary[kind]).flatMap(([part, list]) =>
      list.map(({ from, to }): Cell[] => [kind, part, short(from), short(to)]),
    ),
  ),
];

const moments: Rows = ({ summary }) => [
  ['rank', 'from second', 'to second', 'side', 'RULA', 'REBA'],
  ...summary.worst_moments.map(({ rank, from, to, side, rula, reba }): Cell[] => [
    ...[rank, short(from), short(to)],
    ...[side, rula, reba],
  ]),
];

const lifts: Rows = ({ summary }) => [
  ['lift', 'told', 'HM', 'VM', 'DM', 'AM', 'FM', 'CM', 'RWL', 'unit', 'LI', 'risk'],
  ...summary.niosh.map(({ name, input, assumed, RWL, RWL_lb: pounds, LI, risk, ...one }, at): Cell[] => [
    ...[
      name ?? `lift ${at + 1}`,
      Object.entries(input)
        .flatMap(([field, value]) =>
          value === undefined ? [] : `${field} ${value}${assumed.includes(field) ? ' *' : ''}`,
        )
        .join(', '),
    ],
    ...[one.HM, one.VM, one.DM, one.AM, one.FM, one.CM],
    ...[RWL ?? pounds ?? null, pounds === undefined ? 'kg' : 'lb', LI ?? null, risk ?? null],
  ]),
];

const basis: Rows = ({ title, details, models, assumed, warnings, settings, observed, summary }) => [
  ['what', 'value'],
  ...(title === null ? [] : [['title', title]]),
  ...Object.entries(details),
  ...models.map(({ role, id, demo }): Cell[] => [role, demo ? `${id} (demo model)` : id]),
  ...Object.entries(summary.seconds).map(([name, value]): Cell[] => [`seconds: ${name}`, short(value)]),
  ...(['left', 'right'] as const).map((side): Cell[] => [
    `seconds: partial, ${side}`,
    short(summary[side].partial_seconds),
  ]),
  ...warnings.map((warning): Cell[] => ['warning', warning]),
  ...assumed.map((name): Cell[] => ['assumed', describeAssumed(name)]),
  ...Object.entries(observed).map(([name, value]): Cell[] => [`observed: ${name}`, String(value)]),
  ...Object.entries(settings).map(([name, value]): Cell[] => [`setting: ${name}`, String(value)]),
];

const LIFTS = 'NIOSH lifts';
const SHEETS: readonly { readonly name: string; readonly rows: Rows }[] = [
  { name: 'Levels', rows: levels },
  { name: 'Angle bands', rows: bands },
  { name: 'Joints', rows: joints },
  { name: 'Static and repeated', rows: stretches },
  { name: 'Worst moments', rows: moments },
  { name: LIFTS, rows: lifts },
  { name: 'Basis', rows: basis },
];
