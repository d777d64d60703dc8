import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { nodeWorker } from '../../e2e/harness/node-worker.ts';
import { requirePython } from './runsync.ts';
import type { Bench, Part, Side } from './scenario.ts';
import { describe, describeLatency, measureInTurns, orReason, round, summarize } from './scenario.ts';
import { KEY, type Site, startGateway } from './servers.ts';

const CONCURRENCY = 32;
/** Twice as many callers as places, so that the worker never waits for a job. */
const CLIENTS = 2 * CONCURRENCY;

const PYTHON_WORKER = `import runpod
async def handler(job):
    return job["input"]
runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: ${CONCURRENCY}})
`;

/**
 * One worker process with an echo handler, on our SDK and on RunPod's official Python one, both with 32 places and both
 * started by our gateway; and what one caller alone waits for.
 */
export async function measureWorkers(bench: Bench): Promise<Part> {
  const { load, effort } = bench;
  const python = await orReason(requirePython);
  const { folder, endpoints } = writeWorkers(bench, python.startsWith('/') ? python : undefined);
  const server = await startGateway(bench, endpoints, folder);
  const run = (endpoint: string, clients: number, seconds: number, warmupSeconds: number) =>
    load({
      mode: 'runsync',
      server,
      key: KEY,
      submitPath: `/v2/${endpoint}/runsync`,
      clients,
      workers: 0,
      seconds,
      warmupSeconds,
    });
  const many: Side = (seconds, warmupSeconds) => run('sdk', CLIENTS, seconds, warmupSeconds);
  const one: Side = (seconds, warmupSeconds) => run('sdk', 1, seconds, warmupSeconds);
  const reports = await measureInTurns([many, one], effort);
  const ours = summarize(reports.get(many));
  const alone = summarize(reports.get(one)).latency('call');
  // Its first seconds are those of its start.
  const theirs = python.startsWith('/')
    ? summarize([await run('python', CLIENTS, effort.slowSeconds, 5)])
    : undefined;
  const ratio = theirs && round(ours.perSecond / theirs.perSecond);
  return {
    ratios: ratio === undefined ? {} : { workerVsPythonWorker: ratio },
    latencyMs: { runsyncOneClient: alone },
    figures: { workerJobsPerSecond: { sdkWorker: ours.perSecond, pythonWorker: theirs?.perSecond } },
    ...(ratio === undefined ? { notMeasured: { workerVsPythonWorker: python } } : {}),
    rows: [
      ['one worker, 32 places: sdk/worker', describe(ours, 'jobs')],
      ...(theirs ? [['one worker, 32 places: official Python', `${theirs.perSecond} jobs/s`] as const] : []),
      ...(ratio === undefined ? [] : [['workerVsPythonWorker', `${ratio} (aim: 100 or more)`] as const]),
      ...(bench.cores.notPinned ? [] : [['where these workers ran', 'on the load’s core alone'] as const]),
      ['runsync, one client, sdk/worker', `${describeLatency(alone)} (aim: under 2 and 5 ms)`],
    ],
  };
}

function writeWorkers(
  { stage, cores }: Site,
  python: string | undefined,
): { folder: string; endpoints: string } {
  const folder = stage.folder();
  writeFileSync(
    path.join(folder, 'sdk.mjs'),
    nodeWorker('return job.input;', `\n  concurrency: ${CONCURRENCY},`),
  );
  writeFileSync(path.join(folder, 'python.py'), PYTHON_WORKER);
  // Both beside the light load, which leaves them nearly all of its core, and not in the way of the gateway's main thread.
  const endpoint = (name: string, program: readonly string[]) =>
    `  ${name}:\n    command: ${JSON.stringify([...cores.load, ...program])}\n    cwd: .\n    workers: { min: 1, max: 1 }\n`;
  const endpoints = [
    endpoint('sdk', [process.execPath, 'sdk.mjs']),
    ...(python === undefined ? [] : [endpoint('python', [python, 'python.py'])]),
  ];
  return { folder, endpoints: endpoints.join('') };
}
