import { LOCAL_STATES } from './local-states.ts';
import { REMOTE_STATES } from './remote-states.ts';
import type { CellReport } from './spill-cell.ts';

const HEAD = [
  'here',
  'RunPod',
  'jobs',
  'completed',
  'failed truly',
  'spilled late by',
  'home after',
  'broken',
];

/** The reports as lines of text, and what was broken below them. */
export function spillTable(reports: readonly CellReport[]): string {
  const order = ({ local, remote }: CellReport) =>
    Object.keys(LOCAL_STATES).indexOf(local) * 100 + Object.keys(REMOTE_STATES).indexOf(remote);
  const sorted = [...reports].sort((a, b) => order(a) - order(b));
  const rows = sorted.map((one) => [
    ...[one.local, one.remote, one.jobs, one.completed, one.failed],
    ...[`${Math.round(one.spillLateMs)} ms`, `${(one.homeMs / 1000).toFixed(1)} s`, one.broken.length],
  ]);
  const cells = [HEAD, ...rows].map((row) => row.map(String));
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const broken = sorted.flatMap((one) => one.broken.map((line) => `${one.local} × ${one.remote}: ${line}`));
  return [...lines, '', ...broken].join('\n').trimEnd();
}
