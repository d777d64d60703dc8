import type { CrashReport } from './crash-test.ts';

/** True when every promise was kept. */
export function isClean({ lost, contradicted, stuck, untold, leftBehind }: CrashReport): boolean {
  return [lost, contradicted, stuck, untold].every((list) => list.length === 0) && leftBehind === 0;
}

/** The report as lines of text: first what happened, then what must be 0. */
export function crashTable(report: CrashReport): string {
  const { kills } = report;
  const restarts = [...report.restartMs].sort((a, b) => a - b);
  const middle = restarts[Math.floor(restarts.length / 2)] ?? 0;
  const rows: readonly (readonly [string, string | number])[] = [
    ['rounds', report.rounds],
    ['killed: gateway', kills.gateway],
    ['killed: gateway and worker', kills.gatewayAndWorker],
    ['killed: gateway, and the next while it started', kills.startingGateway],
    ['killed: worker', kills.worker],
    ['killed: worker from outside', kills.outsideWorker],
    ['calls cut off (never acknowledged)', report.cutOff],
    ['jobs acknowledged', report.acknowledged],
    ['  completed', report.completed],
    ['  cancelled as asked', report.cancelled],
    ['  delivered more than once', report.redelivered],
    ['  told by a webhook', report.webhooks],
    ['reports of a worker that breaks the rules', report.strayReports],
    ['start of a gateway, median / longest', `${ms(middle)} / ${ms(restarts.at(-1) ?? 0)}`],
    ['duration', `${(report.durationMs / 1000).toFixed(1)} s`],
    ['', ''],
    ['acknowledged jobs lost, or with a wrong end', report.lost.length],
    ['completed twice with different results', report.contradicted.length],
    ['stuck', report.stuck.length],
    ['webhooks that never came', report.untold.length],
    ['processes left behind', report.leftBehind],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}

const ms = (value: number) => `${Math.round(value)} ms`;
