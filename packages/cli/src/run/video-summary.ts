import { RISK_LEVELS, type RiskLevel } from '@spillway/protocol/ergonomics';
import { style } from '../output.ts';

/** What a video came to, as `spillway run` shows it: the most important figures of the result, in a few lines. */
export interface VideoSummary {
  readonly seconds: { readonly total: number; readonly scored: number };
  readonly worse_side: {
    readonly rula: readonly LevelShare[];
    readonly reba: readonly LevelShare[];
    readonly highest_rula: number | null;
    readonly highest_reba: number | null;
  };
  readonly owas: readonly LevelShare[];
  readonly worst_moments: readonly {
    readonly from: number;
    readonly to: number;
    readonly side: string;
    readonly rula: number;
    readonly reba: number;
  }[];
  /** Lifts that were told; absent in results of older workers. */
  readonly niosh?: readonly {
    readonly name: string | null;
    readonly LI?: number | null;
    readonly risk?: string;
  }[];
}

interface LevelShare {
  readonly level: number;
  readonly share: number;
}

/** Output of a video's job. */
export interface VideoOutput {
  readonly job_id: string;
  readonly warnings: readonly string[];
  /** Names of the results, or their paths on this machine. */
  readonly results: readonly string[];
  readonly summary?: VideoSummary | undefined;
}

export const isVideoOutput = (output: unknown): output is VideoOutput =>
  typeof output === 'object' &&
  output !== null &&
  'job_id' in output &&
  'results' in output &&
  'warnings' in output;

const MOMENTS = 3;

export function videoSummary({ job_id: jobId, warnings, results, summary }: VideoOutput): string {
  const rows: [string, string][] = [
    ...(summary ? scoreRows(summary) : []),
    ...warnings.map((warning, at): [string, string] => [at === 0 ? 'note' : '', warning]),
    ['results', resultsText(results, jobId)],
  ];
  return rows.map(([name, text]) => `${style('bold', name.padEnd(9))}${text}`).join('\n');
}

function scoreRows({
  seconds,
  worse_side: worse,
  owas,
  worst_moments: moments,
  niosh: lifts = [],
}: VideoSummary): [string, string][] {
  const [worstOwas] = owas.filter(({ share }) => share > 0).toSorted((a, b) => b.level - a.level);
  const rows: [string, string][] = [
    ['scored', `${seconds.scored.toFixed(1)} s of ${seconds.total.toFixed(1)} s`],
    ['RULA', methodText(worse.highest_rula, RISK_LEVELS.rula, worse.rula, 3)],
    ['REBA', methodText(worse.highest_reba, RISK_LEVELS.reba, worse.reba, 3)],
  ];
  if (worstOwas) {
    const name = RISK_LEVELS.owas.find(({ level }) => level === worstOwas.level)?.name ?? '';
    rows.push(['OWAS', `highest ${worstOwas.level} (${name}), ${percent(worstOwas.share)} of the time`]);
  }
  for (const [at, { from, to, side, rula, reba }] of moments.slice(0, MOMENTS).entries())
    rows.push([
      at === 0 ? 'worst' : '',
      `${clock(from)} to ${clock(to)}: RULA ${rula}, REBA ${reba}, ${side} side`,
    ]);
  for (const [at, { name, LI, risk }] of lifts.entries())
    rows.push([at === 0 ? 'NIOSH' : '', `${name ?? `lift ${at + 1}`}: ${liftText(LI, risk)}`]);
  return rows;
}

function liftText(index: number | null | undefined, risk = ''): string {
  if (index === undefined) return 'no load was told';
  return index === null ? 'no load is recommended' : `lifting index ${index.toFixed(2)} (${risk} risk)`;
}

/** `highest 6 (change soon); 5 or more for 25 % of the time`. */
function methodText(
  highest: number | null,
  levels: readonly RiskLevel[],
  shares: readonly LevelShare[],
  severe: number,
): string {
  if (highest === null) return 'no score';
  const { name = '' } = levels.find(({ to }) => highest <= to) ?? {};
  const { from = 0 } = levels.find(({ level }) => level === severe) ?? {};
  const share = shares.reduce((sum, one) => sum + (one.level >= severe ? one.share : 0), 0);
  return `highest ${highest} (${name}); ${from} or more for ${percent(share)} of the time`;
}

function resultsText(results: readonly string[], jobId: string): string {
  const [first = ''] = results;
  const folder = first.slice(0, first.lastIndexOf('/') + 1);
  const names = results.map((file) => file.slice(folder.length));
  const pictures = names.filter((name) => name.startsWith('moment_'));
  const shown = names
    .filter((name) => !name.startsWith('moment_'))
    .map((name) => name.replace(/^ergonomics\./, ''));
  const all = `${shown.join(', ')}${pictures.length === 0 ? '' : `, ${pictures.length} ${pictures.length === 1 ? 'picture' : 'pictures'} of worst moments`}`;
  return folder === '' ? `${all} (job ${jobId}; --out <dir> fetches them)` : `${folder}: ${all}`;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
