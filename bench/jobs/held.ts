import type { HoldReport } from './load.ts';
import type { Bench, Part } from './scenario.ts';
import { KEY, playedEndpoint, startGateway } from './servers.ts';

/**
 * Calls that are held open all at once: half job-take of as many waiting workers, half runsync of as many callers.
 * Then their jobs come, and every one must be answered, each caller with its own result.
 */
export async function measureHeld(bench: Bench): Promise<Part> {
  const endpoints = playedEndpoint('hold-take') + playedEndpoint('hold-sync');
  const server = await startGateway(bench, endpoints);
  const report = await bench.load<HoldReport>({
    mode: 'hold',
    server,
    key: KEY,
    clients: bench.effort.heldCalls,
    workers: 0,
    seconds: 0,
    warmupSeconds: 0,
  });
  const answered = report.answeredTakes + report.answeredRunsyncs;
  if (answered < report.held) throw new Error(`only ${answered} of ${report.held} held calls were answered`);
  return {
    figures: { heldCalls: report },
    rows: [
      [
        'calls held at once, all answered',
        `${report.held} (half job-take, half runsync; opened in ${report.openSeconds} s, answered in ${report.answerSeconds} s)`,
      ],
    ],
  };
}
