import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { PYTHON_WITH_RUNPOD, pythonWithRunpod } from '../../e2e/harness/python-sdk.ts';
import { ensureCached } from '../../packages/artifacts/test/cached-program.ts';
import { NotAvailable } from './peers.ts';
import type { Bench, Part, Side } from './scenario.ts';
import { describe, describeLatency, measureInTurns, orReason, ratioOf, summarize } from './scenario.ts';
import { KEY, playedEndpoint, type Site, startGateway } from './servers.ts';
import { freePort, type Server } from './stage.ts';

const CLIENTS = 32;

const PYTHON_ECHO = `import runpod
runpod.serverless.start({"handler": lambda job: job["input"]})
`;

/**
 * `runsync` of an echo with 32 clients, the worker side played by the load, against the API server that the official
 * Python SDK brings for local development: it calls the handler itself and stores nothing.
 */
export async function measureRunsync(bench: Bench): Promise<Part> {
  const python = await orReason(() => startPythonServer(bench));
  const server = await startGateway(bench, playedEndpoint('bench'));
  const { load } = bench;
  const gateway: Side = (seconds, warmupSeconds) =>
    load({
      mode: 'runsync',
      server,
      key: KEY,
      submitPath: '/v2/bench/runsync',
      clients: CLIENTS,
      workers: CLIENTS,
      seconds,
      warmupSeconds,
    });
  const peer: Side | undefined =
    typeof python === 'string'
      ? undefined
      : (seconds, warmupSeconds) =>
          load({
            mode: 'runsync',
            server: python,
            submitPath: '/runsync',
            clients: CLIENTS,
            workers: 0,
            seconds,
            warmupSeconds,
          });
  const reports = await measureInTurns(peer ? [peer, gateway] : [gateway], bench.effort);
  const ours = summarize(reports.get(gateway));
  const theirs = peer && summarize(reports.get(peer));
  const ratio = peer && ratioOf(reports.get(gateway), reports.get(peer));
  const latency = ours.latency('call');
  return {
    ratios: ratio === undefined ? {} : { runsyncVsPythonSdk: ratio },
    latencyMs: { runsync32Clients: latency },
    figures: { runsyncPerSecond: { gateway: ours.perSecond, pythonSdkServer: theirs?.perSecond } },
    ...(typeof python === 'string' ? { notMeasured: { runsyncVsPythonSdk: python } } : {}),
    rows: [
      ['runsync, 32 clients: gateway', `${describe(ours, 'calls')}, ${describeLatency(latency)}`],
      ...(theirs
        ? [['runsync, 32 clients: Python SDK’s local server', describe(theirs, 'calls')] as const]
        : []),
      ...(ratio === undefined ? [] : [['runsyncVsPythonSdk', `${ratio} (aim: 1 or more)`] as const]),
    ],
  };
}

/** Throws NotAvailable. */
export async function requirePython(): Promise<string> {
  await ensureCached(PYTHON_WITH_RUNPOD);
  const python = pythonWithRunpod();
  if (python === undefined) throw new NotAvailable('no Python with the official runpod package (see above)');
  return python;
}

async function startPythonServer({ stage, cores }: Site): Promise<Server> {
  const python = await requirePython();
  const file = path.join(stage.folder(), 'echo.py');
  writeFileSync(file, PYTHON_ECHO);
  const port = String(await freePort());
  const args = ['--rp_serve_api', '--rp_api_host', '127.0.0.1', '--rp_api_port', port];
  return stage.start([...cores.server, python, file, ...args], {
    // Its two log lines a job would cost it time.
    env: { RUNPOD_DEBUG_LEVEL: 'ERROR' },
    ready: /Uvicorn running on/,
  });
}
