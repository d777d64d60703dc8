import type { Bench, Part, Side } from './scenario.ts';
import { describeLatency, measureInTurns, summarize } from './scenario.ts';
import { KEY, playedEndpoint, startGateway } from './servers.ts';

/** From writing a submit to having read the job, for one worker that already waits; the job is on disk by then. */
export async function measureTaken(bench: Bench): Promise<Part> {
  const server = await startGateway(bench, playedEndpoint('bench'));
  const side: Side = (seconds, warmupSeconds) =>
    bench.load({ mode: 'taken', server, key: KEY, clients: 1, workers: 1, seconds, warmupSeconds });
  const reports = await measureInTurns([side], bench.effort);
  const taken = summarize(reports.get(side)).latency('submitToTaken');
  return {
    latencyMs: { submitToTaken: taken },
    rows: [['submit to taken by a waiting worker', `${describeLatency(taken)} (aim: under 1 and 5 ms)`]],
  };
}
