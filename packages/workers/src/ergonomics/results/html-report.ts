import { type AngleBand, BAND_SCHEMES, type BandedAngle } from '../sequence/bands.ts';
import type { LevelTime } from '../sequence/summarise.ts';
import { describeAssumed } from './assumed-text.ts';
import { REPORT_STYLE } from './report-style.ts';
import type { SequenceResult } from './result.ts';
import { type ChartBand, chart, clockOf, shareBar } from './svg-charts.ts';

/**
 * The report of a sequence as one HTML page that needs nothing else: risk over time, share of time per level, left and
 * right, joints, bands, worst moments, and what was assumed or not seen.
 */
const COLORS = ['#2e9e5b', '#b5c334', '#f2a33a', '#e2642b', '#a31621'] as const;
const LEVELS = {
  rula: {
    names: ['acceptable (1-2)', 'investigate (3-4)', 'change soon (5-6)', 'change now (7)'],
    colors: [COLORS[0], COLORS[1], COLORS[2], COLORS[4]],
  },
  reba: {
    names: ['negligible (1)', 'low (2-3)', 'medium (4-7)', 'high (8-10)', 'very high (11-15)'],
    colors: COLORS,
  },
  owas: {
    names: ['normal', 'action in the near future', 'as soon as possible', 'immediately'],
    colors: [COLORS[0], COLORS[1], COLORS[2], COLORS[4]],
  },
} as const;
type Method = keyof typeof LEVELS;

const SIDE_COLORS = { left: '#1f5fbf', right: '#7a1fa2', worse: '#222222' } as const;

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');
const words = (name: string) => escapeHtml(name.replaceAll('_', ' '));
const fixed = (value: number | null, digits = 1) => (value === null ? '–' : value.toFixed(digits));
const row = (cells: readonly string[], tag = 'td') =>
  `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  `<table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells)).join('')}</tbody></table>`;

export function writeHtml(result: SequenceResult): string {
  const title = escapeHtml(result.title ?? 'Ergonomic report');
  const body = [
    `<h1>${title}</h1>`,
    overview(result),
    '<h2>Risk over time</h2>',
    scoresOverTime(result),
    '<h2>Share of time per level</h2>',
    shares(result),
    '<h2>Worst moments</h2>',
    worstMoments(result),
    '<h2>Joints</h2>',
    joints(result),
    '<h2>Angles over time</h2>',
    anglesOverTime(result),
    '<h2>Time in bands of angles</h2>',
    bands(result),
    '<h2>Static, repeated and rapid</h2>',
    activities(result),
    '<h2>What this rests on</h2>',
    basis(result),
  ].join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${REPORT_STYLE}</style></head><body><main>
${body}
</main></body></html>
`;
}

function overview({ summary, warnings, source }: SequenceResult): string {
  const { seconds, worse_side: worse } = summary;
  const facts = [
    ['length', clockOf(seconds.total)],
    ['samples', String(source.frames)],
    ['scored', `${clockOf(seconds.scored)} (${percent(seconds.scored, seconds.total)})`],
    ['highest RULA', String(worse.highest_rula ?? '–')],
    ['highest REBA', String(worse.highest_reba ?? '–')],
  ];
  const cards = facts.map(([name, value]) => `<div class="card"><b>${value}</b>${name}</div>`).join('');
  const notes = warnings.map((warning) => `<p class="warning">${escapeHtml(warning)}</p>`).join('');
  return `<div class="cards">${cards}</div>${notes}`;
}

const percent = (part: number, whole: number) => (whole > 0 ? `${Math.round((part / whole) * 100)} %` : '–');

const seriesOf = ({ samples }: SequenceResult, name: string) => ({
  times: (samples.t ?? []) as readonly number[],
  values: samples[name] ?? [],
});

function levelBands(limits: readonly number[], colors: readonly string[]): ChartBand[] {
  return limits.map((to, at) => ({ from: limits[at - 1] ?? 0, to, color: colors[at] ?? '#fff' }));
}

function scoresOverTime(result: SequenceResult): string {
  const lines = (method: 'rula' | 'reba') =>
    (['left', 'right'] as const).map((side) => ({
      series: seriesOf(result, `${side}_${method}`),
      color: SIDE_COLORS[side],
    }));
  const rula = chart({
    ...{ label: 'RULA over time', low: 0, high: 7.4, ticks: [1, 2, 3, 4, 5, 6, 7], isStepped: true },
    bands: levelBands([2, 4, 6, 7.4], LEVELS.rula.colors),
    lines: lines('rula'),
  });
  const reba = chart({
    ...{ label: 'REBA over time', low: 0, high: 15.4, ticks: [1, 3, 7, 10, 15], isStepped: true },
    bands: levelBands([1, 3, 7, 10, 15.4], LEVELS.reba.colors),
    lines: lines('reba'),
  });
  return `${sideLegend}<h3>RULA</h3>${rula}<h3>REBA</h3>${reba}`;
}

const sideLegend = `<p class="legend"><i style="background:${SIDE_COLORS.left}"></i>left <i style="background:${SIDE_COLORS.right}"></i>right</p>`;

function shares({ summary }: SequenceResult): string {
  const bar = (method: Method, name: string, levels: readonly LevelTime[]) => {
    const { names, colors } = LEVELS[method];
    const parts = levels.map(({ share }, at) => ({
      share,
      color: colors[at] ?? '',
      label: names[at] ?? '',
    }));
    return row([name, shareBar(parts)]);
  };
  const block = (method: 'rula' | 'reba') =>
    `<h3>${method.toUpperCase()}</h3>${legend(method)}<table class="bars">${[
      bar(method, 'worse side', summary.worse_side[method]),
      bar(method, 'left', summary.left[method]),
      bar(method, 'right', summary.right[method]),
    ].join('')}</table>`;
  const owas = `<h3>OWAS</h3>${legend('owas')}<table class="bars">${bar('owas', 'body', summary.owas)}</table>`;
  return `${block('rula')}${block('reba')}${owas}`;
}

const legend = (method: Method) =>
  `<p class="legend">${LEVELS[method].names
    .map((name, at) => `<i style="background:${LEVELS[method].colors[at]}"></i>${name}`)
    .join(' ')}</p>`;

function worstMoments({ summary }: SequenceResult): string {
  const rows = summary.worst_moments.map(({ rank, from, to, side, rula, reba, components }) => [
    String(rank),
    `${clockOf(from)} – ${clockOf(to)}`,
    side,
    String(rula),
    String(reba),
    partsOf(components.rula),
  ]);
  return rows.length === 0
    ? '<p>There is no moment with a score.</p>'
    : table(['', 'time', 'side', 'RULA', 'REBA', 'parts (RULA)'], rows);
}

const partsOf = (components: object) =>
  Object.entries(components)
    .filter(([name, score]) => Number(score) > (/^(muscle|force)/.test(name) ? 0 : 1))
    .map(([name, score]) => `${words(name)} ${score}`)
    .join(', ');

function joints({ summary }: SequenceResult): string {
  const rows = summary.joints
    .filter(({ max }) => max !== null)
    .map((one) => [
      words(one.joint),
      ...[one.min, one.mean, one.max].map((value) => fixed(value)),
      String(one.movements),
      clockOf(one.seconds),
    ]);
  return table(['joint', 'least °', 'mean °', 'most °', 'movements', 'seen'], rows);
}

function anglesOverTime(result: SequenceResult): string {
  const angle = (label: string, of: BandedAngle, names: readonly [string, string][]) => {
    const list: readonly AngleBand[] = BAND_SCHEMES.en_1005_4[of];
    return `<h3>${label}</h3>${chart({
      ...{ label, low: -30, high: 120, ticks: [-30, 0, 20, 45, 60, 90, 120], isStepped: false },
      bands: list.map(({ upTo = 120, name }, at) => ({
        from: list[at - 1]?.upTo ?? -30,
        to: upTo,
        color: BAND_COLORS[name] ?? COLORS[3],
      })),
      lines: names.map(([name, color]) => ({ series: seriesOf(result, name), color })),
    })}`;
  };
  return [
    angle('Trunk flexion', 'trunk_flexion', [['trunk_flexion', SIDE_COLORS.worse]]),
    angle('Neck flexion', 'neck_flexion', [['neck_flexion', SIDE_COLORS.worse]]),
    angle('Upper arm flexion', 'upper_arm_flexion', [
      ['left_upper_arm_flexion', SIDE_COLORS.left],
      ['right_upper_arm_flexion', SIDE_COLORS.right],
    ]),
  ].join('');
}

/** Of the bands of EN 1005-4 by name; the others are not acceptable. */
const BAND_COLORS: Readonly<Record<string, string>> = { acceptable: COLORS[0], conditional: COLORS[1] };

function bands({ summary }: SequenceResult): string {
  const rows = summary.bands.flatMap(({ scheme, joint, bands: list }) =>
    list.map(({ name, upTo, seconds, share, seconds_in_long: long }, at) => [
      at === 0 ? words(joint) : '',
      at === 0 ? (scheme === 'en_1005_4' ? 'EN 1005-4 style' : 'time analysis') : '',
      upTo === null ? `above ${list[at - 1]?.upTo ?? 0}°` : `to ${upTo}°`,
      escapeHtml(name),
      `${seconds.toFixed(1)} s`,
      `${Math.round(share * 100)} %`,
      `${long.toFixed(1)} s`,
    ]),
  );
  return table(['angle', 'scheme', 'band', '', 'time', 'share', 'in stretches over 4 s'], rows);
}

function activities({ summary }: SequenceResult): string {
  const kinds = ['static', 'repeated', 'rapid'] as const;
  const rows = kinds.flatMap((kind) =>
    Object.entries(summary[kind]).flatMap(([part, stretches]) =>
      stretches.map(({ from, to }) => [kind, words(part), `${clockOf(from)} – ${clockOf(to)}`]),
    ),
  );
  return rows.length === 0 ? '<p>None was found.</p>' : table(['', 'part', 'time'], rows);
}

function basis({ assumed, summary, settings, observed, source }: SequenceResult): string {
  const { seconds } = summary;
  const list = assumed.map((name) => `<li>${escapeHtml(describeAssumed(name))}</li>`).join('');
  const values = (object: object) =>
    Object.entries(object)
      .map(([name, value]) => `<li>${words(name)}: ${escapeHtml(String(value))}</li>`)
      .join('');
  const given = Object.keys(observed).length === 0 ? '<li>nothing</li>' : values(observed);
  return `<h3>Assumed, since nothing is known of it</h3><ul>${list}</ul>
<h3>Missing data</h3><ul><li>without a score: ${seconds.not_scored.toFixed(1)} s of ${seconds.total.toFixed(1)} s</li>
<li>with parts of the body not seen, which count as 1: ${seconds.partial.toFixed(1)} s</li>
<li>with keypoints bridged over short gaps: ${seconds.bridged.toFixed(1)} s</li></ul>
<h3>Told by the observer</h3><ul>${given}</ul>
<h3>Settings</h3><ul class="columns">${values(settings)}</ul>
<p>Keypoints: ${escapeHtml(source.layout)}, ${source.dimensions}D. RULA: McAtamney and Corlett 1993. REBA: Hignett and
McAtamney 2000. OWAS: Karhu, Kansi and Kuorinka 1977. One side is scored at a time; the worse one counts.</p>`;
}
