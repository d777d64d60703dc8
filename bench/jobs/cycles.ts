import type { Bench, Part, Side } from './scenario.ts';
import { describe, measureInTurns, orReason, ratioOf, summarize } from './scenario.ts';
import { KEY, playedEndpoint, startBullmq, startGateway, startNoop } from './servers.ts';
import type { Server } from './stage.ts';

const CLIENTS = 128;

/** Whole durable cycles, three requests a job: submit, take, report 1 KB, with at most 128 jobs in flight. */
export async function measureCycles(bench: Bench): Promise<Part> {
  const { load } = bench;
  const side =
    (server: Server, isGated: boolean): Side =>
    (seconds, warmupSeconds) =>
      load({
        mode: 'cycles',
        server,
        key: KEY,
        isGated,
        clients: CLIENTS,
        workers: CLIENTS,
        seconds,
        warmupSeconds,
      });
  const bullmqServer = await orReason(() => startBullmq(bench));
  // Workers wait at our gateway, as they do in earnest; a server that doesn't hold takes is only asked for what is there.
  const gateway = side(await startGateway(bench, playedEndpoint('bench')), false);
  const noop = side(await startNoop(bench), true);
  const bullmq = typeof bullmqServer === 'string' ? undefined : side(bullmqServer, true);
  const sides = bullmq ? [noop, gateway, bullmq] : [noop, gateway];
  const reports = await measureInTurns(sides, bench.effort);

  const [ours, nothing] = [summarize(reports.get(gateway)), summarize(reports.get(noop))];
  const theirs = bullmq && summarize(reports.get(bullmq));
  const vsNoopServer = ratioOf(reports.get(gateway), reports.get(noop));
  const vsBullmq = bullmq && ratioOf(reports.get(gateway), reports.get(bullmq));
  return {
    ratios: { vsNoopServer, ...(vsBullmq === undefined ? {} : { vsBullmq }) },
    figures: {
      cyclesPerSecond: { gateway: ours.perSecond, noop: nothing.perSecond, bullmq: theirs?.perSecond },
      cyclesPerCpuSecond: { gateway: ours.perCpuSecond, noop: nothing.perCpuSecond },
      cyclesLoadCpuShare: { gateway: ours.loadCpuShare, noop: nothing.loadCpuShare },
    },
    ...(typeof bullmqServer === 'string' ? { notMeasured: { vsBullmq: bullmqServer } } : {}),
    rows: [
      ['cycles: HTTP server that does nothing', describe(nothing, 'cycles')],
      ['cycles: gateway', describe(ours, 'cycles')],
      ...(theirs ? [['cycles: BullMQ on Redis', describe(theirs, 'cycles')] as const] : []),
      ['vsNoopServer', `${vsNoopServer} (aim: 0.65 or more)`],
      ...(vsBullmq === undefined ? [] : [['vsBullmq', `${vsBullmq} (aim: 1.8 or more)`] as const]),
    ],
  };
}
