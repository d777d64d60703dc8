import type { RiskMethod } from '@spillway/protocol/ergonomics';
import type { ColumnResult } from '../results/result.ts';
import type { LevelTime } from '../sequence/summarise.ts';
import { angleWords } from './angle-labels.ts';
import { clockOf } from './chart-geometry.ts';
import type { MomentPicture } from './moment-picture.ts';
import { reportBasis } from './report-basis.ts';
import type { Block, Fact, Report } from './report-blocks.ts';
import { reportCauses } from './report-causes.ts';
import { liftingFact, reportLifts } from './report-lifts.ts';
import { reportPostures } from './report-postures.ts';
import { percentOf, SIDE_COLORS, seriesOf, spoken } from './report-words.ts';
import { riskOf, SHOWN_LEVELS } from './risk-levels.ts';

/**
 * What the report of a sequence tells, in which order: what it comes to, risk over time, share of time per level, left and
 * right, the worst moments, joints and angles, lifts that were told, and at the end what all of it rests on.
 */
export function buildReport(result: ColumnResult, pictures: readonly MomentPicture[] = []): Report {
  const { details, warnings } = result;
  const isWithMoments = result.summary.worst_moments.length > 0;
  const blocks: Block[] = [
    { kind: 'details', rows: Object.entries(details) },
    { kind: 'facts', facts: [...facts(result), ...liftingFact(result)] },
    ...warnings.map((text): Block => ({ kind: 'warning', text })),
    ...reportCauses(result),
    { kind: 'heading', text: 'Risk over time' },
    ...scoresOverTime(result),
    { kind: 'heading', text: 'Share of time per level' },
    ...shares(result),
    { kind: 'heading', text: 'Left and right' },
    leftAndRight(result),
    { kind: 'heading', text: 'Worst moments' },
    isWithMoments ? moments(result, pictures) : { kind: 'text', text: withoutMoments(result) },
    ...reportPostures(result),
    ...reportLifts(result),
    ...reportBasis(result),
  ];
  return { title: result.title ?? 'Ergonomic report', blocks };
}

function facts({ summary, source }: ColumnResult): Fact[] {
  const { seconds, worse_side: worse } = summary;
  const highest = (method: 'rula' | 'reba', score: number | null): Fact => {
    const name = `highest ${method.toUpperCase()}`;
    if (score === null) return { name, value: '–' };
    const { name: level, color } = riskOf(method, score);
    return { name, value: String(score), note: level.replace(/ \(.*/, ''), color };
  };
  const above = (levels: readonly LevelTime[], from: number) =>
    levels.reduce((sum, { level, share }) => sum + (level >= from ? share : 0), 0);
  const share = (value: number) => (seconds.scored > 0 ? `${Math.round(value * 100)} %` : '–');
  return [
    { name: 'length', value: clockOf(seconds.total), note: `${source.frames} samples` },
    {
      ...{ name: 'scored', value: clockOf(seconds.scored) },
      note: `${percentOf(seconds.scored, seconds.total)} of the length`,
    },
    highest('rula', worse.highest_rula),
    highest('reba', worse.highest_reba),
    { name: 'time at RULA 5 and more', value: share(above(worse.rula, 3)), note: 'change soon, or now' },
    { name: 'time at REBA 8 and more', value: share(above(worse.reba, 3)), note: 'high, or very high' },
  ];
}

function scoresOverTime(result: ColumnResult): Block[] {
  const marks = result.summary.worst_moments.map(({ rank, t }) => ({ t, label: String(rank) })).reverse();
  const chart = (method: 'rula' | 'reba', ticks: readonly number[]): Block => {
    const levels = SHOWN_LEVELS[method];
    // A score lies in the middle of its own height, so that no level's edge runs along it.
    const [low, high] = [0.5, (levels.at(-1)?.to ?? 0) + 0.5];
    return {
      kind: 'chart',
      chart: {
        ...{ label: `${method.toUpperCase()} over time`, low, high, ticks, isStepped: true, marks },
        bands: levels.map(({ to, color }, at) => ({
          ...{ from: (levels[at - 1]?.to ?? 0) + 0.5, to: to + 0.5, color },
        })),
        lines: [
          // Left lies below and is wider, so that both show where they are equal.
          { series: seriesOf(result, `left_${method}`), color: SIDE_COLORS.left, width: 2.2 },
          { series: seriesOf(result, `right_${method}`), color: SIDE_COLORS.right, width: 1 },
        ],
      },
    };
  };
  return [
    {
      kind: 'text',
      text: 'Each side is scored by itself. Grey: no score. Numbers: the worst moments, below.',
    },
    sideLegend,
    { kind: 'subheading', text: 'RULA' },
    levelLegend('rula'),
    chart('rula', [1, 2, 3, 4, 5, 6, 7]),
    { kind: 'subheading', text: 'REBA' },
    levelLegend('reba'),
    chart('reba', [1, 3, 5, 7, 9, 11, 13, 15]),
  ];
}

const sideLegend: Block = {
  kind: 'legend',
  entries: [
    { color: SIDE_COLORS.left, label: 'left' },
    { color: SIDE_COLORS.right, label: 'right' },
  ],
};
const levelLegend = (method: RiskMethod): Block => ({
  kind: 'legend',
  entries: SHOWN_LEVELS[method].map(({ name: label, color }) => ({ color, label })),
});

function shares({ summary }: ColumnResult): Block[] {
  const bar = (method: RiskMethod, name: string, levels: readonly LevelTime[]) => ({
    name,
    shares: levels.map(({ share }, at) => ({
      share,
      color: SHOWN_LEVELS[method][at]?.color ?? '',
      label: SHOWN_LEVELS[method][at]?.name ?? '',
    })),
  });
  const block = (method: 'rula' | 'reba'): Block[] => [
    { kind: 'subheading', text: method.toUpperCase() },
    levelLegend(method),
    {
      kind: 'shares',
      rows: [
        bar(method, 'worse side', summary.worse_side[method]),
        bar(method, 'left', summary.left[method]),
        bar(method, 'right', summary.right[method]),
      ],
    },
  ];
  return [
    ...[...block('rula'), ...block('reba')],
    { kind: 'subheading', text: 'OWAS' },
    levelLegend('owas'),
    { kind: 'shares', rows: [bar('owas', 'body', summary.owas)] },
  ];
}

function leftAndRight({ summary }: ColumnResult): Block {
  const { left, right } = summary;
  const both = <T>(pick: (side: 'left' | 'right') => T) => [pick('left'), pick('right')] as const;
  const sides = { left, right };
  const atOrAbove = (levels: readonly LevelTime[], from: number) =>
    clockOf(levels.reduce((sum, { level, seconds }) => sum + (level >= from ? seconds : 0), 0));
  const joint = (name: string, side: string) =>
    summary.joints.find(({ joint: own }) => own === `${side}_${name}`);
  const degrees = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : `${value.toFixed(0).replace('-', '−')}°`;
  const total = (kind: 'static' | 'repeated' | 'rapid', side: 'left' | 'right') =>
    clockOf((summary[kind][`${side}_arm`] ?? []).reduce((sum, { from, to }) => sum + to - from, 0));
  const rows: [string, readonly [string, string]][] = [
    ['highest RULA', both((side) => String(sides[side].highest_rula ?? '–'))],
    ['highest REBA', both((side) => String(sides[side].highest_reba ?? '–'))],
    ['time at RULA 5 and more', both((side) => atOrAbove(sides[side].rula, 3))],
    ['time at REBA 8 and more', both((side) => atOrAbove(sides[side].reba, 3))],
    ['parts not seen, counted as 1', both((side) => clockOf(sides[side].partial_seconds))],
    ['upper arm, mean', both((side) => degrees(joint('upper_arm_flexion', side)?.mean))],
    ['upper arm, most', both((side) => degrees(joint('upper_arm_flexion', side)?.max))],
    [
      'movements of the upper arm',
      both((side) => {
        const arm = joint('upper_arm_flexion', side);
        return arm === undefined || arm.max === null ? '–' : String(arm.movements);
      }),
    ],
    ['arm held still (static)', both((side) => total('static', side))],
    ['arm repeats a movement', both((side) => total('repeated', side))],
  ];
  return {
    kind: 'table',
    columns: [
      { title: '', weight: 3 },
      { title: 'left', weight: 1, isNumber: true },
      { title: 'right', weight: 1, isNumber: true },
    ],
    rows: rows.map(([name, values]) => [name, ...values]),
  };
}

const withoutMoments = ({ summary }: ColumnResult): string =>
  summary.seconds.scored > 0
    ? 'No posture above the lowest levels of RULA and REBA lasted for half a second.'
    : 'There is no moment with a score.';

function moments({ summary }: ColumnResult, pictures: readonly MomentPicture[]): Block {
  const score = (method: 'rula' | 'reba', value: number) => {
    const { name: level, color } = riskOf(method, value);
    return { name: method.toUpperCase(), value, level: level.replace(/ \(.*/, ''), color };
  };
  return {
    kind: 'moments',
    moments: summary.worst_moments.map(({ rank, from, to, side, rula, reba, angles, components }) => ({
      ...{ rank, time: `${clockOf(from)} – ${clockOf(to)}` },
      picture: pictures.find((picture) => picture.rank === rank),
      scores: [score('rula', rula), score('reba', reba)],
      lines: [
        `${side} side, for ${(to - from).toFixed(1)} s`,
        Object.entries(angles)
          .map(([name, degrees]) => angleWords(name, degrees))
          .join(', '),
        `RULA: ${partsOf(components.rula)}`,
        `REBA: ${partsOf(components.reba)}`,
      ],
    })),
  };
}

/** What adds to a score: parts above 1, and additions above 0. */
function partsOf(components: object): string {
  const parts = Object.entries(components)
    .filter(([name, score]) => Number(score) > (/^(muscle|force|load|coupling|activity)/.test(name) ? 0 : 1))
    .map(([name, score]) => `${spoken(name)}\u00a0${score}`);
  return parts.length === 0 ? 'no part above its lowest score' : parts.join(', ');
}
