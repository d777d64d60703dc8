import { StartError } from './backend.ts';
import { type FleetOptions, KILL_GRACE_MS } from './fleet-options.ts';
import { type FleetWorker, failureOf } from './fleet-worker.ts';
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

/** Has the backend start the worker; a refusal is told to `apply`. Never rejects. */
export async function startProcess(worker: FleetWorker, options: FleetOptions, apply: Apply): Promise<void> {
  const { id, endpoint } = worker;
  const { backends, heartbeatMs, hostname, hardware, keys, log } = options;
  try {
    const backend = backends.find(({ kind }) => endpoint.backends.includes(kind));
    if (!backend)
      throw new StartError(`can't be started: there is no backend ${endpoint.backends.join(' or ')}`);
    const key = keys.issueKey(id, endpoint.name);
    const identity = { workerId: id, endpoint, key, origin: options.origin() };
    const env = buildWorkerEnvironment({ ...identity, heartbeatMs, hostname, hardware });
    worker.process = await backend.start({ workerId: id, endpoint, env });
  } catch (error) {
    const reason = error instanceof StartError ? error.message : `can't be started: ${String(error)}`;
    log.warn({ worker: id, endpoint: endpoint.name, reason }, 'a worker could not be started');
    apply(worker, { type: 'start-failed', reason });
  }
}

/** Waits for the worker's end and tells it to whoever must know. Never rejects. */
export async function outlive(worker: FleetWorker, options: FleetOptions, apply: Apply): Promise<void> {
  await worker.started;
  void limitStart(worker, options, apply);
  const exit = (await worker.process?.exited) ?? NEVER_RAN;
  apply(worker, { type: 'exited', exit });
  worker.ended.abort();
  options.keys.revokeKey(worker.id);
  const failure = failureOf(worker);
  options.log.info({ worker: worker.id, endpoint: worker.endpoint.name }, failure.message);
  try {
    await options.onWorkerLost(worker.id, worker.endpoint.name, failure);
  } catch (error) {
    options.log.warn({ worker: worker.id, error }, 'the jobs of a worker that is gone could not be released');
  }
}

/** Kills a worker that doesn't ask for a job in time. */
async function limitStart(worker: FleetWorker, { clock }: FleetOptions, apply: Apply): Promise<void> {
  const { initTimeoutMs } = worker.endpoint;
  await clock.sleep(initTimeoutMs, worker.ended.signal);
  if (worker.life.state !== 'initializing') return;
  const reason = `did not ask for a job within ${initTimeoutMs / 1000} s (initTimeout)`;
  apply(worker, { type: 'start-failed', reason });
  worker.process?.kill();
}

/** Ends a worker so that no job is hurt: drain, then SIGTERM, and SIGKILL when it doesn't go. Never rejects. */
export async function drainAndEnd(worker: FleetWorker, options: FleetOptions): Promise<void> {
  const { clock, log, killGraceMs = KILL_GRACE_MS } = options;
  await worker.started;
  const limitMs = worker.endpoint.executionTimeoutMs + DRAIN_MARGIN_MS;
  void clock.sleep(limitMs, worker.ended.signal).then(() => worker.drainLimit.abort());
  try {
    // Also before it asked for its first job: it may be asking right now.
    await options.drain(worker.id, worker.drainLimit.signal);
  } catch (error) {
    log.warn({ worker: worker.id, error }, 'a worker could not be drained');
  }
  worker.process?.terminate();
  await clock.sleep(killGraceMs, worker.ended.signal);
  worker.process?.kill();
}
