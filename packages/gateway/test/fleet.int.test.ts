import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { JobFailure } from '@spillway/protocol';
import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { createProcessBackend } from '../src/fleet/backends/process.ts';
import { createFleet, type Fleet } from '../src/fleet/fleet.ts';
import { createRandomIds } from '../src/lib/ids.ts';
import { decideWaitReason } from '../src/scheduler/wait-reason.ts';
import { eventually, groupMembers, isRunning } from './process-watch.ts';

let dataDir: string;
let clock: ManualClock;
let fleet: Fleet;
let lost: { workerId: string; failure: JobFailure }[];
/** Ends the drain that is going on. */
let endDrain: (() => void) | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-fleet-'));
  clock = createManualClock();
  lost = [];
  endDrain = undefined;
  const onError = (message: string, error: unknown) => {
    throw new Error(message, { cause: error });
  };
  fleet = createFleet({
    clock,
    ids: createRandomIds(),
    backends: [createProcessBackend({ clock, dataDir, hostEnv: process.env, onError })],
    hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
    hostname: 'box',
    heartbeatMs: 10_000,
    origin: () => 'http://127.0.0.1:1',
    keys: { issueKey: (workerId) => `key-of-${workerId}`, revokeKey: () => {} },
    log: { info: () => {}, warn: () => {} },
    drain: (_, signal) =>
      new Promise((resolve) => {
        endDrain = resolve;
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
      }),
    onWorkerLost: (workerId, _, failure) => {
      lost.push({ workerId, failure });
    },
  });
  await fleet.start();
});

afterEach(async () => {
  const stopped = fleet.stop();
  const isDone = stopped.then(() => true);
  while (!(await Promise.race([isDone, clock.advance(30_000)])))
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.pending()).toEqual([]);
  expect(await readdir(path.join(dataDir, 'workers'))).toEqual([]);
  await rm(dataDir, { recursive: true });
});

const shell = (script: string) => newTestEndpoint({ command: ['sh', '-c', script] });

/** Starts a worker and waits until it has printed its first line. */
async function startPrinting(script: string): Promise<{ id: string; pid: number; line: string }> {
  const id = fleet.startWorker(shell(script)) ?? '';
  await eventually(() => (fleet.log(id)?.printed(1).length ?? 0) > 0);
  return { id, pid: fleet.worker(id)?.pid ?? 0, line: fleet.log(id)?.printed(1)[0] ?? '' };
}

async function untilStopped(id: string): Promise<void> {
  await eventually(() => fleet.worker(id)?.state === 'stopped');
}

test('a command that crashes at its start is given up, and the waiting jobs are told why', async () => {
  const endpoint = shell('echo "ModuleNotFoundError: No module named runpod" >&2; exit 3');
  for (let i = 0; i < 5; i += 1) {
    await clock.advance(Math.max(0, fleet.nextStartAt('mine') - clock.now()));
    await untilStopped(fleet.startWorker(endpoint) ?? '');
  }
  expect(fleet.startWorker(endpoint)).toBeUndefined();
  const reason = decideWaitReason({
    endpoint,
    workers: fleet.workers('mine'),
    startProblem: fleet.startProblem('mine'),
  });
  expect(reason).toEqual({
    code: 'WORKER_CRASH_LOOP',
    message:
      'no worker runs: the last 5 starts failed (given up after 5 failed starts, one more try in 5 min); ' +
      'the worker exited with code 3 before it asked for a job. Its last log lines:\n' +
      'ModuleNotFoundError: No module named runpod',
  });
});

test.each([
  [
    'a program that does not exist',
    { command: ['pyton3', 'handler.py'] },
    '`pyton3` (endpoints.mine.command) was not found',
  ],
  ['a file that may not be run', { command: ['/dev/null'] }, 'chmod +x'],
  [
    'a folder that does not exist',
    { cwd: '/nowhere/at/all' },
    'the folder /nowhere/at/all (endpoints.mine.cwd) does not exist',
  ],
])('%s is a failed start that says so', async (_, changes, text) => {
  await untilStopped(fleet.startWorker(newTestEndpoint({ command: ['true'], ...changes })) ?? '');
  expect(fleet.startProblem('mine')?.message).toContain(text);
});

test('a stopped worker works on until its jobs are done, and may then say goodbye', async () => {
  const worker = await startPrinting(
    'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.01; done',
  );
  fleet.noteTake(worker.id);
  fleet.noteJobs(worker.id, 1);
  const stopped = fleet.stopWorker(worker.id, 'it was idle');
  await clock.advance(5_000);
  expect(fleet.worker(worker.id)?.state).toBe('stopping');
  expect(isRunning(worker.pid)).toBe(true);
  expect(fleet.log(worker.id)?.printed(1)).toEqual(['ready']);
  endDrain?.();
  await stopped;
  expect(fleet.log(worker.id)?.printed(1)).toEqual(['bye']);
  expect(fleet.worker(worker.id)).toMatchObject({
    state: 'stopped',
    exit: { code: 0 },
    stopReason: 'it was idle',
  });
});

test('a worker that ignores SIGTERM is killed after the grace, with its children', async () => {
  const worker = await startPrinting('trap "" TERM; sleep 1000 & echo $!; while :; do wait; done');
  const stopped = fleet.stopWorker(worker.id, 'test');
  await eventually(() => endDrain !== undefined);
  endDrain?.();
  await clock.advance(9_999);
  expect(isRunning(worker.pid)).toBe(true);
  await clock.advance(1);
  await stopped;
  expect(fleet.worker(worker.id)?.exit).toMatchObject({ signal: 'SIGKILL' });
  await eventually(() => !isRunning(Number(worker.line)));
  await eventually(() => groupMembers(worker.pid).length === 0);
});

test('a worker killed in the middle of a job is lost with its last words', async () => {
  const worker = await startPrinting('echo "loading frame 7"; while :; do sleep 0.01; done');
  fleet.noteTake(worker.id);
  fleet.noteJobs(worker.id, 1);
  process.kill(worker.pid, 'SIGKILL');
  await eventually(() => lost.length === 1);
  expect(lost).toEqual([
    {
      workerId: worker.id,
      failure: {
        type: 'WORKER_CRASHED',
        message: 'the worker was killed by SIGKILL (out of memory?)',
        logTail: 'loading frame 7',
      },
    },
  ]);
});

test('a worker that never asks for a job is killed when its time is over', async () => {
  const worker = await startPrinting('echo loading; while :; do sleep 0.01; done');
  await clock.advance(420_000);
  await untilStopped(worker.id);
  expect(fleet.startProblem('mine')?.message).toContain('did not ask for a job within 420 s (initTimeout)');
});

test('the fleet stops all its workers, however they take it', async () => {
  const kind = await startPrinting('trap "exit 0" TERM; echo ready; while :; do sleep 0.01; done');
  const stubborn = await startPrinting('trap "" TERM; echo ready; while :; do sleep 0.01; done');
  const starting = fleet.startWorker(shell('sleep 1000')) ?? '';
  const stopped = fleet.stop();
  expect(fleet.startWorker(shell('true'))).toBeUndefined();
  const isDone = stopped.then(() => true);
  while (!(await Promise.race([isDone, clock.advance(10_000)])))
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect([kind.pid, stubborn.pid].map(isRunning)).toEqual([false, false]);
  expect(fleet.workers().map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
  expect(fleet.worker(starting)?.stopReason).toBe('the gateway stops');
});
