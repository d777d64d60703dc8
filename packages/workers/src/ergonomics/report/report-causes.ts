import type { ColumnResult } from '../results/result.ts';
import { clockOf } from './chart-geometry.ts';
import type { Block } from './report-blocks.ts';
import { spoken } from './report-words.ts';

/** At most so many lines, and none for less than this share of the time. */
const MOST = 4;
const LITTLE = 0.05;

/** In a few lines where the risk comes from: angles beyond what is acceptable, and what is static or repeated. */
export function reportCauses({ summary }: ColumnResult): Block[] {
  if (summary.seconds.scored === 0) return [];
  const angles = summary.bands
    .filter(({ scheme }) => scheme === 'en_1005_4')
    .flatMap(({ joint, bands }) =>
      bands.flatMap(({ name, upTo, share }, at) => {
        const from = bands[at - 1]?.upTo;
        if (!name.endsWith('not acceptable') || share < LITTLE) return [];
        const where =
          from === null || from === undefined
            ? `below ${spokenDegrees(upTo)}`
            : `above ${spokenDegrees(from)}`;
        return {
          share,
          text: `${spoken(joint).replace(' flexion', '')} ${where}: ${percent(share)} of the time`,
        };
      }),
    )
    .toSorted((a, b) => b.share - a.share)
    .slice(0, MOST)
    .map(({ text }) => text);
  const efforts = (['static', 'repeated'] as const).flatMap((kind) =>
    Object.entries(summary[kind]).flatMap(([part, stretches]) => {
      const seconds = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
      const what = kind === 'static' ? 'held still' : 'repeating a movement';
      return seconds > 0 ? [`${spoken(part)} ${what}: ${clockOf(seconds)}`] : [];
    }),
  );
  const items = [...angles, ...efforts];
  return [
    { kind: 'heading', text: 'What adds to the risk' },
    items.length === 0
      ? {
          kind: 'text',
          text: 'No angle was beyond what is acceptable for long, and nothing was static or repeated.',
        }
      : { kind: 'list', items: items.map(capitalised), isDense: true },
  ];
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const spokenDegrees = (value: number | null) => `${String(value).replace('-', '−')}°`;
const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
