// What Docker's real command line makes of our arguments: it talks to a service that only records. This needs the
// program `docker`, but no service, no image and no rights.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContainerRun, runArguments } from '../src/fleet/container/arguments.ts';
import {
  type ContainerEngine,
  findEngine,
  hasImage,
  inspectContainer,
  listContainers,
  removeContainers,
} from '../src/fleet/container/engine.ts';
import { containerEnvironment } from '../src/fleet/container/environment.ts';
import { runProgram } from '../src/lib/run-program.ts';
import { type RecordingDaemon, startRecordingDaemon } from './stand-in/recording-daemon.ts';

const hasDocker = spawnSync('docker', ['--version']).status === 0;
if (!hasDocker) console.warn("SKIPPED: Docker's command line is not installed here");

const STATE = {
  Status: 'exited',
  Running: false,
  Paused: false,
  Restarting: false,
  OOMKilled: true,
  Dead: false,
  Pid: 0,
  ExitCode: 137,
  Error: '',
  StartedAt: '2026-01-01T00:00:00.000000001Z',
  FinishedAt: '2026-01-01T00:00:01.000000001Z',
};

describe.skipIf(!hasDocker)('on the command line of Docker', () => {
  let folder: string;
  let daemon: RecordingDaemon;
  let engine: ContainerEngine;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'spillway-docker-'));
    const socket = path.join(folder, 'docker.sock');
    daemon = await startRecordingDaemon(socket, {
      'GET /info': { ServerVersion: '28.0.0' },
      'GET /images/acme/echo:2/json': { Id: 'sha256:1' },
      'GET /containers/json': [
        { Id: 'a1', Names: ['/spillway-1-w1'], State: 'running' },
        { Id: 'b2', Names: ['/spillway-1-w2'], State: 'exited' },
      ],
      'GET /containers/spillway-1-w1/json': { Id: 'a1', Name: '/spillway-1-w1', State: STATE },
      'DELETE /containers/spillway-1-w1': '',
      'POST /containers/spillway-1-w1/kill': '',
      'POST /images/create':
        '{"status":"Pulling from acme/echo","id":"2"}\n{"status":"Pull complete","id":"5f70bf18a086"}\n',
    });
    const hostEnv = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: `unix://${socket}` };
    engine = await findEngine({ clock: createSystemClock(), hostEnv });
  });
  afterEach(async () => {
    await daemon.close();
    rmSync(folder, { recursive: true });
  });
  const call = (method: string, at: string) =>
    daemon.calls.find((one) => one.method === method && one.path === at);

  test('the arguments of a worker become the container that is meant', async () => {
    const values = {
      RUNPOD_POD_ID: 'w1',
      ODD: ' a  "b" # c',
      EQUALS: 'a=b=c',
      QUOTED: '"kept"',
      EMPTY: '',
      PEM: 'one\ntwo\n',
    };
    const { file, passed } = containerEnvironment(values, engine.env);
    const envFile = path.join(folder, 'worker.env');
    writeFileSync(envFile, file);
    const run: ContainerRun = {
      engine: 'docker',
      name: 'spillway-1-w1',
      labels: { 'spillway.data': '1', 'spillway.worker': 'w1' },
      settings: {
        image: 'acme/echo:2',
        args: ['--say', 'a b', '-x'],
        gpus: 2,
        volumes: [],
        memoryBytes: 2 ** 33,
        shmSizeBytes: 2 ** 30,
      },
      gpuCount: 0,
      envFile,
      passedNames: Object.keys(passed),
      volumes: [
        { source: '/data/models', target: '/runpod-volume', options: 'ro' },
        { source: 'cache', target: '/root/.cache' },
      ],
      hasHostNetwork: true,
      stopTimeoutSeconds: 10,
    };
    const env = { ...engine.env, ...passed };
    const options = { env, clock: createSystemClock(), timeoutMs: 30_000 };
    const { code, stderr } = await runProgram('docker', runArguments(run), options);
    expect(stderr).toContain('recorded POST /containers/create');
    expect(code).toBe(125);
    const { query, body } = call('POST', '/containers/create') ?? {};
    expect(query?.get('name')).toBe('spillway-1-w1');
    expect(body).toMatchObject({
      Image: 'acme/echo:2',
      Cmd: ['--say', 'a b', '-x'],
      Tty: false,
      OpenStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      StopTimeout: 10,
      Labels: { 'spillway.data': '1', 'spillway.worker': 'w1' },
      HostConfig: {
        AutoRemove: false,
        Init: true,
        NetworkMode: 'host',
        Memory: 2 ** 33,
        ShmSize: 2 ** 30,
        DeviceRequests: [{ Count: 2, Capabilities: [['gpu']] }],
      },
    });
    // Docker gives them in any order.
    const { Binds: binds = [] } = (body?.HostConfig ?? {}) as { Binds?: string[] };
    expect(binds.toSorted()).toEqual(['/data/models:/runpod-volume:ro', 'cache:/root/.cache']);
    const sent = (body?.Env ?? []) as string[];
    expect(sent.toSorted()).toEqual(
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted(),
    );
  });

  test('what is asked about containers is understood, and so are the answers', async () => {
    expect(engine.kind).toBe('docker');
    expect(await hasImage(engine, 'acme/echo:2')).toBe(true);
    expect(await hasImage(engine, 'acme/other:1')).toBe(false);
    expect(await listContainers(engine, 'spillway.data=1')).toEqual([
      { name: 'spillway-1-w1', isRunning: true },
      { name: 'spillway-1-w2', isRunning: false },
    ]);
    const { query } = call('GET', '/containers/json') ?? {};
    expect(query?.get('all')).toBe('1');
    expect(JSON.parse(query?.get('filters') ?? '')).toEqual({ label: { 'spillway.data=1': true } });
    expect(await inspectContainer(engine, 'spillway-1-w1')).toMatchObject({ ExitCode: 137, OOMKilled: true });
    expect(await inspectContainer(engine, 'spillway-1-w9')).toBeUndefined();
  });

  test('containers are signalled, killed and removed with their anonymous volumes', async () => {
    await removeContainers(engine, ['spillway-1-w1']);
    const removal = call('DELETE', '/containers/spillway-1-w1')?.query;
    expect([removal?.get('force'), removal?.get('v')]).toEqual(['1', '1']);
    const signals = () =>
      daemon.calls.filter(({ path: at }) => at.endsWith('/kill')).map(({ query }) => query.get('signal'));
    expect(await engine.call(['kill', '--signal', 'TERM', 'spillway-1-w1'])).toMatchObject({ code: 0 });
    expect(await engine.call(['kill', 'spillway-1-w1'])).toMatchObject({ code: 0 });
    // Without one the service sends SIGKILL.
    expect(signals()).toEqual(['TERM', null]);
  });

  test('the lines of a pull come one by one', async () => {
    const lines: string[] = [];
    const answer = await engine.call(['pull', 'acme/echo:2'], { onLine: (line) => lines.push(line) });
    expect(answer.code).toBe(0);
    expect(lines).toEqual(
      expect.arrayContaining(['2: Pulling from acme/echo', '5f70bf18a086: Pull complete']),
    );
  });
});
