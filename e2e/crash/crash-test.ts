import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { workerEnvironment } from '@spillway/protocol';
import { makeFolder } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';
import { type CrashGateway, createCrashGateway, freeAddress } from './crash-gateway.ts';
import { createLedger, type Ledger, type Reply, type Verdict } from './ledger.ts';
import { leftovers } from './leftovers.ts';
import { type Load, startLoad } from './load.ts';
import { createRandom, type Random } from './random.ts';
import { startReceiver } from './receiver.ts';
import { startStrayWorker } from './stray-worker.ts';

/**
 * Rounds of kill -9 on the gateway or a worker under load, with short leases. The load never learns of a kill, and the
 * queue is only looked at from outside, through HTTP: what a user of the gateway was promised must hold.
 */
export interface CrashOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Told after every round. */
  readonly onRound?: (line: string) => void;
}

export type Kill = 'gateway' | 'gatewayAndWorker' | 'startingGateway' | 'worker' | 'outsideWorker';

export interface CrashReport extends Verdict {
  readonly rounds: number;
  readonly kills: Readonly<Record<Kill, number>>;
  readonly cutOff: number;
  /** Reports of the worker that breaks the rules. */
  readonly strayReports: number;
  /** Processes that outlived their gateway, over all rounds. */
  readonly leftBehind: number;
  /** From the start of a gateway until it answers, in milliseconds. */
  readonly restartMs: readonly number[];
  readonly durationMs: number;
}

const LEASE_MS = 1_500;
/** Many deliveries: here a job that is hit again and again is no poison. */
const YAML = `lease: { duration: 1500ms, heartbeat: 400ms }
retention: { results: 24h }
allowPrivateUrls: [127.0.0.1]
endpoints:
${nodeEndpoint(
  'double',
  'double.mjs',
  `    workers: { min: 1, max: 2 }
    scaling: { type: QUEUE_DELAY, queueDelay: 500ms }
    retries: { workerLost: 10 }
    cancelGrace: 1s
`,
)}`;
const WORKER = nodeWorker(
  `context.progress({ n: job.input.n });
    if (job.input.ms !== '0') await new Promise((resolve) => setTimeout(resolve, Number(job.input.ms)));
    return { twice: job.input.n * 2, run: crypto.randomUUID() };`,
  ' concurrency: 4,',
);
/** Ten rounds see every kind. */
const KILLS: readonly Kill[] = [
  ...(['gateway', 'gateway', 'gateway', 'gateway', 'gatewayAndWorker', 'startingGateway'] as const),
  ...(['worker', 'worker', 'worker', 'outsideWorker'] as const),
];
/** Acknowledged jobs are looked up after so many rounds; in between a backlog is carried from gateway to gateway. */
const CHECK_EVERY = 5;
const SETTLE_MS = 60_000;
const GONE_MS = 30_000;

interface Run {
  readonly folder: string;
  readonly gateway: CrashGateway;
  readonly ledger: Ledger;
  readonly load: Load;
  readonly random: Random;
  readonly outside: OutsideWorker;
  readonly restartMs: number[];
  leftBehind: number;
}

export async function runCrashTest(options: CrashOptions): Promise<CrashReport> {
  const startedAt = performance.now();
  // Each has its own, so that the seed alone decides what is killed.
  const [random, forLoad, forStray] = [0, 1, 2].map((more) => createRandom(options.seed + more)) as [
    Random,
    Random,
    Random,
  ];
  const folder = makeFolder(YAML, { 'double.mjs': WORKER });
  const path = realpathSync(folder.path);
  const listen = await freeAddress();
  const gateway = createCrashGateway(path, listen);
  const ledger = createLedger();
  const receiver = await startReceiver(ledger.told);
  const load = startLoad({ link: gateway, ledger, random: forLoad, webhook: receiver.url });
  const stray = startStrayWorker({
    link: gateway,
    random: forStray,
    leaseMs: LEASE_MS,
    openJobs: ledger.open,
  });
  const outside = startOutsideWorker(path, `http://${listen}`);
  const run: Run = { folder: path, gateway, ledger, load, random, outside, restartMs: [], leftBehind: 0 };
  const kills = { gateway: 0, gatewayAndWorker: 0, startingGateway: 0, worker: 0, outsideWorker: 0 };
  try {
    run.restartMs.push(await gateway.start());
    let deck: Kill[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      if (deck.length === 0) deck = random.shuffle(KILLS);
      const kill = deck.pop() ?? 'gateway';
      await runRound(run, kill);
      kills[kill] += 1;
      const isLast = round === options.rounds;
      const isChecked = round % CHECK_EVERY === 0 || isLast;
      if (isChecked) await settle(run);
      if (!isLast) load.resume();
      options.onRound?.(
        `round ${round}: kill -9 of ${kill}, ${ledger.size} jobs${isChecked ? ', checked' : ''}`,
      );
    }
    // Every ending once more: what was seen rounds ago must still be so.
    await lookAgain(run, ledger.all());
  } finally {
    await gateway.stop();
    await Promise.all([stray.ended(), load.ended()]);
    outside.end();
    receiver.close();
    run.leftBehind += await endLeftovers(path, []);
    folder.remove();
  }
  return {
    ...ledger.verdict(),
    rounds: options.rounds,
    kills,
    cutOff: load.cutOff(),
    strayReports: stray.reports(),
    leftBehind: run.leftBehind,
    restartMs: run.restartMs,
    durationMs: performance.now() - startedAt,
  };
}

async function runRound(run: Run, kill: Kill): Promise<void> {
  const { gateway, ledger, load, random } = run;
  const enough = ledger.size + random.between(20, 80);
  const current = await gateway.up();
  const hasEnough = () => ledger.size >= enough || load.isFull();
  await within(SETTLE_MS, 'too few submits are answered', hasEnough);
  const needsWorker = kill === 'worker' || kill === 'gatewayAndWorker';
  let pids = await current.workerPids();
  if (needsWorker) {
    await within(SETTLE_MS, 'no worker has a job', async () => {
      pids = await busyWorkers(run);
      return pids.length > 0;
    });
  }
  await pause(random.between(0, 40));
  if (needsWorker) killIfThere(pids[random.between(0, pids.length - 1)]);
  if (kill === 'outsideWorker') run.outside.replace();
  if (kill === 'worker' || kill === 'outsideWorker') return;
  await gateway.kill();
  run.leftBehind += await endLeftovers(run.folder, pids);
  if (kill === 'startingGateway') {
    await gateway.killEarly(random.between(100, 900));
    run.leftBehind += await endLeftovers(run.folder, pids);
  }
  run.restartMs.push(await gateway.start());
}

/** Workers that have taken a job: killing one that starts would only test the back-off of starts. */
async function busyWorkers({ gateway }: Run): Promise<number[]> {
  const reply = await (await gateway.up()).call('/v1/workers');
  const { workers } = (await reply.json()) as { workers: { pid?: number; state: string }[] };
  return workers.flatMap(({ pid, state }) =>
    pid !== undefined && (state === 'running' || state === 'idle') ? [pid] : [],
  );
}

/** Pauses the load, lets everything that was acknowledged come to its end, and looks at it. */
async function settle(run: Run): Promise<void> {
  const { gateway, ledger, load } = run;
  await load.pause();
  const current = await gateway.up();
  const isQuiet = async () => {
    const health = (await (await current.call('/v2/double/health')).json()) as {
      jobs: Record<string, number>;
    };
    return health.jobs.inQueue === 0 && health.jobs.inProgress === 0;
  };
  await within(SETTLE_MS, 'jobs are stuck', isQuiet).catch(() => {});
  await lookAgain(run, ledger.open());
  await within(SETTLE_MS, 'webhooks are missing', () => ledger.untold().length === 0).catch(() => {});
}

async function lookAgain({ gateway, ledger }: Run, ids: readonly string[]): Promise<void> {
  const current = await gateway.up();
  const left = [...ids];
  const looker = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const reply = await current.call(`/v2/double/status/${id}`);
      if (reply.status === 404) ledger.unknown(id);
      else ledger.saw(id, (await reply.json()) as Reply);
    }
  };
  await Promise.all(Array.from({ length: 8 }, looker));
}

/** Waits until nothing runs any more that the dead gateway had started; what does is counted, and ended. */
async function endLeftovers(folder: string, seen: readonly number[]): Promise<number> {
  let left: readonly number[] = [];
  const isGone = () => {
    left = leftovers(folder, seen);
    return left.length === 0;
  };
  await within(GONE_MS, 'processes live on', isGone).catch(() => {});
  for (const pid of left) killIfThere(pid);
  return left.length;
}

function killIfThere(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

interface OutsideWorker {
  /** Kills it; a new one with the same id takes its place. */
  replace(): void;
  end(): void;
}

/** A worker that no gateway started: it outlives them all, and brings its results to the next one. */
function startOutsideWorker(folder: string, origin: string): OutsideWorker {
  const identity = { origin, endpoint: 'double', workerId: 'outside', key: ADMIN_KEY };
  const env = workerEnvironment({ ...identity, hostname: 'outside', gpu: 'cpu', pingIntervalMs: 400 });
  const start = (): ChildProcess =>
    spawn(process.execPath, [join(folder, 'double.mjs')], {
      cwd: '/',
      stdio: 'ignore',
      env: { PATH: process.env.PATH, ...env },
    });
  let child = start();
  return {
    replace() {
      child.kill('SIGKILL');
      child = start();
    },
    end: () => void child.kill('SIGKILL'),
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves when `holds` does; rejects when it doesn't in time. */
async function within(ms: number, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`gave up after ${ms} ms: ${what}`);
    await pause(20);
  }
}
