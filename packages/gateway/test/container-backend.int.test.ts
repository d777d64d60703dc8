import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerSettings } from '../src/endpoints/endpoint.ts';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import type { Backend, BackendWorker } from '../src/fleet/backend.ts';
import { createContainerBackend } from '../src/fleet/backends/container.ts';
import type { Card } from '../src/fleet/gpu/card.ts';
import { newTestCard } from '../src/fleet/gpu/test-placer.ts';
import { describeFailedStart } from '../src/fleet/worker-exit.ts';
import { describeBackend } from './backend.contract.ts';
import { eventually } from './process-watch.ts';
import { readState } from './stand-in/container.ts';
import { installStandIn, SHELL_IMAGE, type StandIn } from './stand-in/install.ts';

describeBackend('container, on a stand-in for docker', () => {
  const standIn = installStandIn();
  return {
    kind: 'container',
    hostEnv: standIn.env,
    endpointOf: (command) => ({
      command: [],
      backends: ['container'],
      container: { image: SHELL_IMAGE, args: command, volumes: [] },
    }),
    isAlive(workerId) {
      const containers = path.join(standIn.dir, 'containers');
      return readdirSync(containers).some(
        (name) => name.endsWith(`-${workerId}`) && readState(standIn.dir, name)?.Running === true,
      );
    },
    // The engine's command line and the watchdog beside it: the container itself is neither's child.
    endWatchdog: (pid) => process.kill(-pid, 'SIGKILL'),
    folder: 'containers',
    close: standIn.remove,
  };
});

const HUNGRY = { cmd: ['sleep', '1000'], memoryNeeded: 2 ** 31 };

describe('a container', () => {
  let dataDir: string;
  let standIn: StandIn;
  let backend: Backend;
  let workers: BackendWorker[];

  function open(changes: { gpuCount?: number; env?: Record<string, string>; hasHostNetwork?: boolean } = {}) {
    const { gpuCount = 0, env = standIn.env, hasHostNetwork = true } = changes;
    return createContainerBackend({
      clock: createSystemClock(),
      dataDir,
      hostEnv: env,
      onError: (message, error) => {
        throw new Error(message, { cause: error });
      },
      gpuCount,
      isUsed: true,
      hasHostNetwork,
    });
  }

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-container-'));
    standIn = installStandIn({ 'acme/echo:2': { cmd: ['echo', 'hello'] }, 'acme/hungry:1': HUNGRY });
    workers = [];
    backend = open();
  });
  afterEach(async () => {
    standIn.holdPull(false);
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ exited }) => exited));
    standIn.remove();
    await rm(dataDir, { recursive: true });
  });

  const endpointWith = (settings: Partial<ContainerSettings>) =>
    newTestEndpoint({
      command: [],
      backends: ['container'],
      container: { image: SHELL_IMAGE, volumes: [], ...settings },
    });
  async function start(settings: Partial<ContainerSettings>, on = backend, cards?: readonly Card[]) {
    const spec = {
      ...{ workerId: `w${workers.length + 1}`, endpoint: endpointWith(settings), env: {} },
      ...(cards ? { cards } : {}),
    };
    const worker = await on.start(spec);
    workers.push(worker);
    return worker;
  }
  const calls = (verb: string) => standIn.calls().filter(([, word]) => word === verb);
  /** The values of a flag of the last `run`. */
  const flag = (name: string) => {
    const words = calls('run').at(-1) ?? [];
    return words.flatMap((word, index) => (word === name ? [words[index + 1]] : []));
  };

  test('is run under a name and labels that tell whose it is, removed by us and not by the engine', async () => {
    const worker = await start({ args: ['true'] });
    await worker.exited;
    const [name] = flag('--name');
    expect(name).toMatch(/^spillway-[0-9a-f]{12}-w1$/);
    const hash = name?.split('-')[1];
    expect(flag('--label')).toEqual([
      `spillway.data=${hash}`,
      'spillway.worker=w1',
      'spillway.endpoint=mine',
    ]);
    expect(calls('run')[0]).not.toContain('--rm');
    expect(calls('rm')).toEqual([['docker', 'rm', '--force', '--volumes', name]]);
    expect(flag('--network')).toEqual(['host']);
  });

  test('finds its volume at /runpod-volume: the endpoint’s own folder, unless the file maps another', async () => {
    const script = 'echo "$STAND_IN_VOLUMES"';
    const own = await start({ args: ['sh', '-c', script] });
    await own.exited;
    const folder = path.join(dataDir, 'volumes', 'mine');
    expect(JSON.parse(own.log.printed(1)[0] ?? '')).toEqual({ '/runpod-volume': folder });
    expect((await stat(folder)).isDirectory()).toBe(true);

    const models = path.join(dataDir, 'models');
    const volumes = [
      { source: models, target: '/runpod-volume' },
      { source: 'cache', target: '/root/.cache', options: 'rw' },
    ];
    const mapped = await start({ args: ['sh', '-c', script], volumes });
    await mapped.exited;
    expect(JSON.parse(mapped.log.printed(1)[0] ?? '')).toEqual({
      '/runpod-volume': models,
      '/root/.cache': 'cache',
    });
    expect((await stat(models)).isDirectory()).toBe(true);
  });

  test('gets the memory that the file allows, and says when that was too little', async () => {
    const roomy = await start({ args: ['true'], memoryBytes: 2 ** 33, shmSizeBytes: 2 ** 30 });
    await roomy.exited;
    expect([flag('--memory'), flag('--shm-size')]).toEqual([[String(2 ** 33)], [String(2 ** 30)]]);

    const pulled = installStandIn({ 'acme/hungry:1': HUNGRY }, { pulled: ['acme/hungry:1'] });
    const worker = await start(
      { image: 'acme/hungry:1', memoryBytes: 2 ** 30 },
      open({ env: { ...pulled.env } }),
    );
    expect(await worker.exited).toEqual({
      code: null,
      signal: 'SIGKILL',
      problem: 'was killed because it needed more memory than its limit, `memory`, allows',
    });
    pulled.remove();
  });

  test.each([
    ['docker', undefined, 2, ['--gpus', 'all']],
    ['docker', undefined, 0, []],
    ['docker', 'all' as const, 0, ['--gpus', 'all']],
    ['docker', 2, 4, ['--gpus', '2']],
    ['docker', 0, 4, []],
    ['podman', undefined, 1, ['--device', 'nvidia.com/gpu=all']],
    ['podman', 2, 4, ['--device', 'nvidia.com/gpu=0', '--device', 'nvidia.com/gpu=1']],
  ])(
    'on %s with gpus: %s, where the machine has %d, is run with %j',
    async (program, gpus, gpuCount, words) => {
      standIn.remove();
      standIn = installStandIn({}, { programs: [program] });
      // A machine that has docker too must not lead the test astray.
      const env = { ...standIn.env, SPILLWAY_CONTAINER_ENGINE: program };
      const worker = await start(
        { args: ['true'], ...(gpus === undefined ? {} : { gpus }) },
        open({ gpuCount, env }),
      );
      expect(await worker.exited).toMatchObject({ code: 0 });
      const given = calls('run')[0] ?? [];
      expect(
        given.filter(
          (word, index) => /^--(gpus|device)$/.test(word) || /^--(gpus|device)$/.test(given[index - 1] ?? ''),
        ),
      ).toEqual(words);
    },
  );

  test.each([
    ['docker', [0, 2], ['--gpus', '"device=GPU-0,GPU-2"']],
    ['docker', [], []],
    ['podman', [0, 2], ['--device', 'nvidia.com/gpu=0', '--device', 'nvidia.com/gpu=2']],
    ['podman', [], []],
  ])('on %s that was put on the cards %j is handed these with %j', async (program, cards, words) => {
    standIn.remove();
    standIn = installStandIn({}, { programs: [program] });
    const env = { ...standIn.env, SPILLWAY_CONTAINER_ENGINE: program };
    const chosen = cards.map((index) => newTestCard(index, 24));
    const worker = await start({ args: ['true'] }, open({ gpuCount: 4, env }), chosen);
    expect(await worker.exited).toMatchObject({ code: 0 });
    const given = calls('run')[0] ?? [];
    expect(
      given.filter(
        (word, index) => /^--(gpus|device)$/.test(word) || /^--(gpus|device)$/.test(given[index - 1] ?? ''),
      ),
    ).toEqual(words);
  });

  test('whose image is not here is pulled first, with the engine’s progress in its log', async () => {
    standIn.holdPull(true);
    const worker = await start({ image: 'acme/echo:2' });
    expect(worker.preparation?.what).toBe('the image acme/echo:2 is being pulled');
    await eventually(() => worker.log.tail(9).includes('[spillway] pull: 5f70bf18a086: Pulling fs layer'));
    expect(calls('run')).toEqual([]);
    standIn.holdPull(false);
    await worker.preparation?.done;
    expect(await worker.exited).toMatchObject({ code: 0 });
    expect(worker.log.tail(9)).toContain('[spillway] pull: Status: Downloaded newer image for acme/echo:2');
    expect(worker.log.printed(9)).toEqual(['hello']);
    expect(flag('--pull')).toEqual(['never']);
  });

  test('shares the pull with others of its image; one that is ended meanwhile doesn’t end it', async () => {
    standIn.holdPull(true);
    const [one, two] = [await start({ image: 'acme/echo:2' }), await start({ image: 'acme/echo:2' })];
    await eventually(() => two.log.tail(9).length > 0 || calls('pull').length === 1);
    one.terminate();
    expect(await one.exited).toEqual({ code: null, signal: null });
    standIn.holdPull(false);
    expect(await two.exited).toMatchObject({ code: 0 });
    expect(calls('pull')).toHaveLength(1);
    expect(calls('run')).toHaveLength(1);
  });

  test('that is ended while its image is pulled ends the pull and never runs', async () => {
    standIn.holdPull(true);
    const worker = await start({ image: 'acme/echo:2' });
    await eventually(() => calls('pull').length === 1);
    worker.kill();
    expect(await worker.exited).toEqual({ code: null, signal: null });
    standIn.holdPull(false);
    const later = await start({ image: 'acme/echo:2' });
    expect(await later.exited).toMatchObject({ code: 0 });
    expect(calls('pull')).toHaveLength(2);
  });

  test('whose image does not exist never runs, and the engine’s reason is told', async () => {
    const worker = await start({ image: 'acme/wisper:1' });
    const exit = await worker.exited;
    expect(exit).toMatchObject({ code: null, signal: null });
    expect(describeFailedStart(exit, endpointWith({}))).toMatch(
      /^can't be started: the image acme\/wisper:1 could not be pulled: .*pull access denied for acme\/wisper/,
    );
  });

  test('whose program does not exist says which setting is wrong', async () => {
    const worker = await start({ args: ['pyton3', 'handler.py'] });
    expect(describeFailedStart(await worker.exited, endpointWith({ args: ['pyton3', 'handler.py'] }))).toBe(
      `exited with code 127: its program \`pyton3\` (endpoints.mine.args) was not found in the image ${SHELL_IMAGE}`,
    );
  });

  test('that the engine refuses to run is told, with the engine’s words in its log', async () => {
    const source = path.join(dataDir, 'a');
    const twice = [
      { source, target: '/x' },
      { source, target: '/x' },
    ];
    const worker = await start({ args: ['true'], volumes: twice });
    expect(await worker.exited).toMatchObject({ code: null, problem: 'could not be run by docker' });
    expect(worker.log.printed(1)[0]).toContain('Duplicate mount point: /x');
  });

  test('outside Linux reaches the gateway by the engine’s name for the machine', async () => {
    const far = open({ hasHostNetwork: false });
    const worker = await start({ args: ['true'] }, far);
    await worker.exited;
    expect(calls('run')[0]).not.toContain('--network');
    expect(flag('--add-host')).toEqual(['host.docker.internal:host-gateway']);
  });

  test('does not show its variables to other users: they are in a file for the owner alone, and not among the arguments', async () => {
    const worker = await backend.start({
      workerId: 'w1',
      endpoint: endpointWith({ args: ['sleep', '1000'] }),
      env: { TOKEN: 'very secret', PEM: '-----BEGIN\nvery secret\n' },
    });
    workers.push(worker);
    await eventually(() => calls('run').length === 1);
    const [file = ''] = flag('--env-file');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toBe('TOKEN=very secret\n');
    expect(flag('--env')).toEqual(['PEM']);
    expect(JSON.stringify(standIn.calls())).not.toContain('very secret');
  });

  test('whose variable would change the engine itself is refused', async () => {
    const spec = { workerId: 'w1', endpoint: endpointWith({}), env: { PATH: 'a\nb' } };
    await expect(backend.start(spec)).rejects.toThrow('the variable PATH');
  });
});

describe('the container engine', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-engine-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  const open = (env: Readonly<Record<string, string | undefined>>) =>
    createContainerBackend({
      clock: createSystemClock(),
      dataDir,
      hostEnv: env,
      onError: () => {},
      gpuCount: 0,
      isUsed: true,
      hasHostNetwork: true,
    });
  const spec = {
    workerId: 'w1',
    endpoint: newTestEndpoint({ container: { image: SHELL_IMAGE, volumes: [] } }),
    env: {},
  };

  test('that is not there is a failed start that says what to do', async () => {
    await expect(open({ PATH: '/nowhere' }).start(spec)).rejects.toThrow(
      "can't be started: no container engine answers: docker is not installed; podman is not installed. Install Docker or Podman, or start its service",
    );
  });

  test('whose service is down is told in its own words, and is found when it is up again', async () => {
    const standIn = installStandIn();
    standIn.takeDown();
    const backend = open({ ...standIn.env, PATH: path.join(standIn.dir, 'bin') });
    await expect(backend.start(spec)).rejects.toThrow(
      /docker says: docker: Cannot connect to the Docker daemon .*; podman is not installed/,
    );
    await rm(path.join(standIn.dir, 'down'));
    const worker = await backend.start(spec);
    worker.kill();
    await worker.exited;
    standIn.remove();
  });

  test('is the one that the environment names', async () => {
    await expect(
      open({ PATH: '/nowhere', SPILLWAY_CONTAINER_ENGINE: 'nerdctl' }).start(spec),
    ).rejects.toThrow('no container engine answers (SPILLWAY_CONTAINER_ENGINE): nerdctl is not installed');
  });
});
