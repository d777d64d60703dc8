import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createManualClock, createSystemClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoint } from '../src/endpoints/endpoint.ts';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import type { Backend, BackendWorker } from '../src/fleet/backend.ts';
import { createProcessBackend } from '../src/fleet/backends/process.ts';
import { readHostHardware } from '../src/fleet/host-hardware.ts';
import { readProcessIdentity } from '../src/fleet/process-identity.ts';
import { openWorkerLog, pruneLogs } from '../src/fleet/worker-log.ts';
import { describeBackend } from './backend.contract.ts';
import { eventually, groupMembers, ignoresSigterm, isRunning } from './process-watch.ts';

describeBackend('process', () => ({
  kind: 'process',
  hostEnv: process.env,
  endpointOf: (command) => ({ command }),
  isAlive: (_, pid) => groupMembers(pid).length > 0,
  endWatchdog(pid) {
    // It was started by a process that is gone; the worker's own children have the worker as their parent.
    for (const one of groupMembers(pid)) {
      if (one.pid !== pid && one.parent !== pid) process.kill(one.pid, 'SIGKILL');
    }
  },
  folder: 'workers',
  close: () => {},
}));

let dataDir: string;
let clock: ManualClock;
let backend: Backend;
let workers: BackendWorker[];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-backend-'));
  clock = createManualClock();
  workers = [];
  backend = createProcessBackend({
    clock,
    dataDir,
    hostEnv: { ...process.env, SPILLWAY_ADMIN_KEY: 'top secret', LC_TEST: 'kept' },
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
});

afterEach(async () => {
  for (const worker of workers) worker.kill();
  await Promise.all(workers.map(({ exited }) => exited));
  await rm(dataDir, { recursive: true });
});

async function start(command: readonly string[], changes: Partial<Endpoint> = {}, env = {}) {
  const endpoint = newTestEndpoint({ command, ...changes });
  const worker = await backend.start({ workerId: `w${workers.length + 1}`, endpoint, env });
  workers.push(worker);
  return worker;
}

const shell = (script: string) => start(['sh', '-c', script]);

/** The worker's lines, as soon as there are so many. */
async function printed(worker: BackendWorker, count: number): Promise<readonly string[]> {
  await eventually(() => worker.log.printed(count).length === count);
  return worker.log.printed(count);
}

describe('a worker process', () => {
  test('gets the allow-listed environment and a private HOME, and nothing of the gateway', async () => {
    const script = 'console.log(JSON.stringify(process.env))';
    const worker = await start(
      [process.execPath, '-e', `${script}; setInterval(() => {}, 1 << 30)`],
      {},
      { MODEL: 'x' },
    );
    const env = JSON.parse((await printed(worker, 1))[0] ?? '');
    expect(env).toMatchObject({ MODEL: 'x', LC_TEST: 'kept', PATH: process.env.PATH });
    expect(env.HOME).toBe(path.join(dataDir, 'workers', 'w1', 'home'));
    expect(statSync(env.HOME).mode & 0o777).toBe(0o700);
    expect(JSON.stringify(env)).not.toContain('top secret');
    const allowed =
      /^(PATH|TZ|TMPDIR|LANG|LANGUAGE|LC_.*|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|SSL_.*|REQUESTS_.*|NODE_EXTRA_CA_CERTS|SPILLWAY_MODELS_.*|HF_HUB_CACHE|HOME|MODEL|PWD|OLDPWD|_)$/;
    expect(Object.keys(env).filter((name) => !allowed.test(name))).toEqual([]);
    worker.kill();
    await worker.exited;
    expect(existsSync(env.HOME)).toBe(false);
  });

  test('whose folder does not exist is not started, and the setting is named', async () => {
    const started = start(['true'], { cwd: path.join(dataDir, 'nowhere') });
    await expect(started).rejects.toThrow(
      `can't be started: the folder ${path.join(dataDir, 'nowhere')} (endpoints.mine.cwd) does not exist`,
    );
    expect(await readdir(dataDir)).toEqual([]);
  });

  test.each([
    ['arguments that are too long', ['true'], { BIG: 'x'.repeat(200_000) }, 'E2BIG'],
    ['a zero byte', ['true', 'a\0b'], {}, 'null bytes'],
  ])('that the system refuses for %s is told, and leaves nothing', async (_, command, env, text) => {
    const started = start(command, {}, env);
    await expect(started).rejects.toThrow(/^can't be started: /);
    await expect(started).rejects.toThrow(text);
    expect(await readdir(path.join(dataDir, 'workers'))).toEqual([]);
  });

  test('leads a group in which its watchdog is no child of it', async () => {
    const worker = await shell('sleep 1000 & wait');
    const pid = worker.pid ?? 0;
    // The worker, its child, the watchdog: the middle process that started the watchdog is gone soon.
    await eventually(() => groupMembers(pid).length === 3);
    const parents = groupMembers(pid).map(({ parent }) => parent);
    expect(parents.filter((parent) => parent === pid)).toHaveLength(1);
    expect(parents).toContain(process.pid);
  });

  test('has a watchdog that no signal to the group can end, from its first moment on', async () => {
    const worker = await shell('sleep 1000');
    const [watchdog] = groupMembers(worker.pid ?? 0).filter(({ pid }) => pid !== worker.pid);
    expect(ignoresSigterm(watchdog?.pid ?? 0)).toBe(true);
    expect(ignoresSigterm(worker.pid ?? 0)).toBe(false);
    worker.terminate();
    expect(await worker.exited).toMatchObject({ signal: 'SIGTERM' });
  });

  test('takes its children with it, however it ends', async () => {
    for (const end of ['exit 0', 'kill -KILL $$']) {
      const worker = await shell(`sleep 1000 & echo $!; ${end}`);
      await worker.exited;
      const child = Number(worker.log.printed(1)[0]);
      await eventually(() => !isRunning(child));
      await eventually(() => groupMembers(worker.pid ?? 0).length === 0);
    }
  });

  test('that left a child outside its group with its output open is not waited for for ever', async () => {
    const leaveChild = `const { pid } = require('node:child_process')
      .spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }); console.log(pid); process.exit(0)`;
    const worker = await start([process.execPath, '-e', leaveChild]);
    const [pid] = await printed(worker, 1);
    await eventually(() => clock.pending().length === 1);
    await clock.advance(1_000);
    expect(await worker.exited).toMatchObject({ code: 0 });
    process.kill(Number(pid), 'SIGKILL');
  });

  test('leaves nothing behind but its log', async () => {
    const worker = await shell('touch $HOME/model.bin; exit 0');
    await worker.exited;
    expect(await readdir(path.join(dataDir, 'workers'))).toEqual([]);
    expect(await readdir(path.join(dataDir, 'logs', 'mine'))).toEqual(['w1.log']);
  });
});

describe('what a dead gateway left running', () => {
  let left: ChildProcess;
  beforeEach(async () => {
    left = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    await once(left, 'spawn');
    await mkdir(path.join(dataDir, 'workers'));
    backend = createProcessBackend({
      clock: createSystemClock(),
      dataDir,
      hostEnv: {},
      onError: (message) => {
        throw new Error(message);
      },
    });
  });
  afterEach(() => left.kill('SIGKILL'));

  const record = (content: unknown) =>
    writeFile(
      path.join(dataDir, 'workers', 'w9.json'),
      typeof content === 'string' ? content : JSON.stringify(content),
    );

  test('is ended at the start of the next', async () => {
    await record({ pid: left.pid, identity: await readProcessIdentity(left.pid ?? 0), endpoint: 'mine' });
    const exited = once(left, 'exit');
    expect(await backend.recover()).toEqual({ workerIds: ['w9'], endedCount: 1 });
    expect(await exited).toEqual([null, 'SIGKILL']);
  });

  test.each([
    [
      'was started at another time',
      (pid: number, bootId: string) => ({ pid, identity: { startTime: '1', bootId }, endpoint: 'mine' }),
    ],
    ['has no recorded start', (pid: number) => ({ pid, endpoint: 'mine' })],
  ])('is left alone when the process with its pid %s', async (_, make) => {
    const identity = await readProcessIdentity(left.pid ?? 0);
    await record(make(left.pid ?? 0, identity?.bootId ?? ''));
    expect(await backend.recover()).toEqual({ workerIds: ['w9'], endedCount: 0 });
    expect(isRunning(left.pid ?? 0)).toBe(true);
  });

  test('is left alone after a reboot, when start times may repeat', async () => {
    const identity = await readProcessIdentity(left.pid ?? 0);
    await record({ pid: left.pid, identity: { ...identity, bootId: 'another' }, endpoint: 'mine' });
    expect(await backend.recover()).toMatchObject({ endedCount: 0 });
    expect(isRunning(left.pid ?? 0)).toBe(true);
  });

  test.each(['', '{', '{"pid":-1}', '{"pid":0,"endpoint":"x"}', '[]'])(
    'a broken record (%j) harms nobody',
    async (text) => {
      await record(text);
      expect(await backend.recover()).toEqual({ workerIds: ['w9'], endedCount: 0 });
      expect(await readdir(path.join(dataDir, 'workers'))).toEqual([]);
    },
  );
});

test('the GPUs that the driver publishes are counted and named', async () => {
  expect(readHostHardware(path.join(dataDir, 'none'))).toMatchObject({ gpuCount: 0, gpuName: 'cpu' });
  for (const [bus, model] of [
    ['0000:02:00.0', 'NVIDIA L4'],
    ['0000:01:00.0', 'NVIDIA H200'],
  ] as const) {
    await mkdir(path.join(dataDir, 'gpus', bus), { recursive: true });
    await writeFile(path.join(dataDir, 'gpus', bus, 'information'), `Model: \t\t ${model}\nIRQ:   \t\t 16\n`);
  }
  const hardware = readHostHardware(path.join(dataDir, 'gpus'));
  expect(hardware).toMatchObject({ gpuCount: 2, gpuName: 'NVIDIA H200' });
  expect(hardware.cpuCount).toBeGreaterThan(0);
});

describe('the log of a worker', () => {
  const open = (maxBytes?: number) =>
    openWorkerLog({
      file: path.join(dataDir, 'w.log'),
      clock,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });

  test('is rotated once, so that it can not fill the disk', async () => {
    const log = await open(1_000);
    for (let i = 0; i < 200; i += 1) await log.write('stdout', `line ${i} ${'x'.repeat(40)}\n`);
    await log.close();
    expect((await readdir(dataDir)).toSorted()).toEqual(['w.log', 'w.log.1']);
    for (const name of ['w.log', 'w.log.1']) {
      expect(statSync(path.join(dataDir, name)).size).toBeLessThanOrEqual(1_000);
    }
    expect(await readFile(path.join(dataDir, 'w.log'), 'utf8')).toContain('line 199 ');
  });

  test('keeps its last lines in memory, without our remarks where only its own are asked for', async () => {
    const log = await open();
    await log.write('stdout', Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join(''));
    await log.write('gateway', 'stopping\n');
    expect(log.tail(2)).toEqual(['line 499', '[spillway] stopping']);
    expect(log.printed(2)).toEqual(['line 498', 'line 499']);
    expect(log.tail(1_000)).toHaveLength(200);
    expect(log.tail(0)).toEqual([]);
    await log.close();
  });

  test('joins lines that arrive in pieces, and breaks those without end', async () => {
    const log = await open();
    await log.write('stdout', 'one, ');
    await log.write('stderr', 'other\r\n');
    await log.write('stdout', 'two\nthree');
    expect(log.printed(9)).toEqual(['other', 'one, two']);
    await log.write('stdout', 'x'.repeat(20_000));
    expect(log.printed(2).map(({ length }) => length)).toEqual([8_192, 8_192]);
    await log.close();
    expect(log.printed(1)[0]).toHaveLength(20_005 - 2 * 8_192);
  });

  test('tells those who follow, until they leave', async () => {
    const log = await open();
    const seen: string[] = [];
    const unfollow = log.follow((line) => seen.push(line));
    await log.write('stdout', 'one\n');
    unfollow();
    await log.write('stdout', 'two\n');
    expect(seen).toEqual(['one']);
    await log.close();
  });

  test('goes on in memory when the file can not be written', async () => {
    const errors: Error[] = [];
    const file = path.join(dataDir, 'w.log');
    const log = await openWorkerLog({ file, clock, maxBytes: 10, onError: (error) => errors.push(error) });
    await log.write('stdout', 'first line\n');
    await rm(file);
    await log.write('stdout', 'second line\n');
    await log.write('stdout', 'third line\n');
    expect(errors).toHaveLength(1);
    expect(log.printed(1)).toEqual(['third line']);
    await log.close();
  });

  test('is removed when so many newer ones are there', async () => {
    for (const [age, name] of ['c', 'b', 'a'].entries()) {
      for (const file of [`${name}.log`, `${name}.log.1`]) {
        await writeFile(path.join(dataDir, file), name);
        const writtenAt = new Date(Date.UTC(2026, 0, 9 - age));
        await utimes(path.join(dataDir, file), writtenAt, writtenAt);
      }
    }
    await pruneLogs(dataDir, 2);
    expect((await readdir(dataDir)).toSorted()).toEqual(['b.log', 'b.log.1', 'c.log', 'c.log.1']);
  });
});
