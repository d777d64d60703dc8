import type { Endpoint, LoadBalancing } from '../endpoints/endpoint.ts';
import { type Backend, StartError } from './backend.ts';
import { type FleetOptions, KILL_GRACE_MS } from './fleet-options.ts';
import { type FleetWorker, failureOf } from './fleet-worker.ts';
import type { FreePorts, WorkerAddress } from './free-ports.ts';
import { visibleDevices } from './gpu/worker-gpu.ts';
import { visibleHardware } from './host-hardware.ts';
import { buildWorkerEnvironment } from './worker-environment.ts';
import { NEVER_RAN } from './worker-exit.ts';
import type { WorkerEvent } from './worker-machine.ts';

/**
 * The steps of one worker's life that take time: start it, wait for its end, drain and end it. What they find out is
 * handed to `apply`, which moves the worker's state.
 */
export type Apply = (worker: FleetWorker, event: WorkerEvent) => void;

/** A drain ends with its jobs, and those end by their own limits; this only bounds a mistake. */
const DRAIN_MARGIN_MS = 60_000;

export type RunOptions = FleetOptions & { readonly ports: FreePorts };

/** Has the backend start the worker; a refusal is told to `apply`. Never rejects. */
export async function startProcess(worker: FleetWorker, options: RunOptions, apply: Apply): Promise<void> {
  const { id, endpoint } = worker;
  const { backends, heartbeatMs, hostname, hardware, keys, log } = options;
  try {
    const backend = backendOf(endpoint, backends);
    if (!backend)
      throw new StartError(`can't be started: there is no backend ${endpoint.backends.join(' or ')}`);
    if (endpoint.loadBalancing) worker.address = await takeAddress(endpoint.loadBalancing, options.ports);
    const { address } = worker;
    const key = keys.issueKey(id, endpoint.name);
    const identity = { workerId: id, endpoint, key, origin: options.origin(backend.kind), address };
    const { gpu } = worker;
    const visible = visibleHardware(endpoint, hardware, gpu?.cards);
    // A container is handed its cards, and sees no others.
    const devices = gpu && backend.kind === 'process' ? visibleDevices(gpu) : undefined;
    const env = buildWorkerEnvironment({ ...identity, heartbeatMs, hostname, hardware: visible, devices });
    worker.process = await backend.start({
      workerId: id,
      endpoint,
      env,
      ...(gpu ? { cards: gpu.cards } : {}),
    });
  } catch (error) {
    const reason = error instanceof StartError ? error.message : `can't be started: ${String(error)}`;
    log.warn({ worker: id, endpoint: endpoint.name, reason }, 'a worker could not be started');
    apply(worker, { type: 'start-failed', reason });
  }
}

/** The first backend of the endpoint's that starts workers. */
export function backendOf({ backends: kinds }: Endpoint, backends: readonly Backend[]): Backend | undefined {
  return kinds.flatMap((kind) => backends.filter((backend) => backend.kind === kind))[0];
}

/** Waits for the worker's end and tells it to whoever must know. Never rejects. */
export async function outlive(worker: FleetWorker, options: RunOptions, apply: Apply): Promise<void> {
  await worker.started;
  void limitStart(worker, options, apply);
  const exit = (await worker.process?.exited) ?? NEVER_RAN;
  apply(worker, { type: 'exited', exit });
  worker.ended.abort();
  options.keys.revokeKey(worker.id);
  for (const port of new Set(Object.values(worker.address ?? {}))) options.ports.giveBack(port);
  const failure = failureOf(worker);
  options.log.info({ worker: worker.id, endpoint: worker.endpoint.name }, failure.message);
  try {
    await options.onWorkerLost(worker.id, worker.endpoint.name, failure);
  } catch (error) {
    options.log.warn({ worker: worker.id, error }, 'the jobs of a worker that is gone could not be released');
  }
}

async function takeAddress({ hasHealthPort }: LoadBalancing, ports: FreePorts): Promise<WorkerAddress> {
  const port = await ports.take();
  return { port, healthPort: hasHealthPort ? await ports.take() : port };
}

/** Kills a worker that doesn't ask for a job in time. */
async function limitStart(worker: FleetWorker, { clock }: FleetOptions, apply: Apply): Promise<void> {
  const { initTimeoutMs } = worker.endpoint;
  // A pull takes as long as it takes; the worker's own time begins after it.
  const { preparation } = worker.process ?? {};
  worker.preparing = preparation?.what;
  await preparation?.done;
  worker.preparing = undefined;
  await clock.sleep(initTimeoutMs, worker.ended.signal);
  if (worker.life.state !== 'initializing') return;
  const duty = worker.endpoint.loadBalancing ? 'answer its health check with 200' : 'ask for a job';
  const reason = `did not ${duty} within ${initTimeoutMs / 1000} s (initTimeout)`;
  apply(worker, { type: 'start-failed', reason });
  worker.process?.kill();
}

/** Ends a worker so that no job is hurt: drain, then SIGTERM, and SIGKILL when it doesn't go. Never rejects. */
export async function drainAndEnd(worker: FleetWorker, options: FleetOptions): Promise<void> {
  const { clock, killGraceMs = KILL_GRACE_MS } = options;
  await drain(worker, options);
  worker.process?.terminate();
  await clock.sleep(killGraceMs, worker.ended.signal);
  worker.process?.kill();
}

/** Has the worker finish its jobs and gives it no others. Never rejects. */
export async function drain(worker: FleetWorker, options: FleetOptions): Promise<void> {
  const { clock, log } = options;
  await worker.started;
  const limitMs = worker.endpoint.executionTimeoutMs + DRAIN_MARGIN_MS;
  void clock.sleep(limitMs, worker.ended.signal).then(() => worker.drainLimit.abort());
  try {
    // Also before it asked for its first job: it may be asking right now.
    await options.drain(worker.id, worker.drainLimit.signal);
  } catch (error) {
    log.warn({ worker: worker.id, error }, 'a worker could not be drained');
  }
}
