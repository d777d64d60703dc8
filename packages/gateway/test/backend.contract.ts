import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystemClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Endpoint } from '../src/endpoints/endpoint.ts';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import type { Backend, BackendWorker } from '../src/fleet/backend.ts';
import { createBackends } from '../src/fleet/create-backends.ts';
import { eventually, isHalted } from './process-watch.ts';

/** A backend as the contract sees it; what only one backend has is tested beside it. */
export interface BackendUnderTest {
  readonly kind: Backend['kind'];
  /** The gateway's own environment. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** The endpoint whose worker is this command. */
  endpointOf(command: readonly string[]): Partial<Endpoint>;
  /** Whether anything of the worker runs. `pid`: as the gateway that started it knew it. */
  isAlive(workerId: string, pid: number): boolean | Promise<boolean>;
  /** Ends a started worker's watchdog, and whatever else would end the worker with its gateway. */
  endWatchdog(pid: number): void;
  /** Exit code where the program does not exist (default: 127, the shell's). */
  readonly codeOfMissingProgram?: number;
  /** Folder in the data folder of which nothing is left after a worker. */
  readonly folder: string;
  close(): void;
}

/** A worker that ignores every polite request, with a child of its own. */
const STUBBORN = 'trap "" TERM; sleep 1000 & echo started; while :; do wait; done';

/** What every backend that starts workers does, whatever it starts them with. */
export function describeBackend(name: string, open: () => BackendUnderTest): void {
  describe(`the contract of backends: ${name}`, () => {
    let under: BackendUnderTest;
    let dataDir: string;
    let backend: Backend;
    let workers: BackendWorker[];

    beforeEach(async () => {
      under = open();
      dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-contract-'));
      workers = [];
      backend = openBackend();
    });
    afterEach(async () => {
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map(({ exited }) => exited));
      await backend.recover();
      under.close();
      await rm(dataDir, { recursive: true });
    });

    function openBackend(): Backend {
      const found = createBackends({
        clock: createSystemClock(),
        dataDir,
        hostEnv: { ...under.hostEnv, SPILLWAY_ADMIN_KEY: 'top secret', RUNPOD_API_KEY: 'top secret' },
        onError: (message, error) => {
          throw new Error(message, { cause: error });
        },
        endpoints: [newTestEndpoint(under.endpointOf(['true']))],
        hardware: { cpuCount: 1, gpuCount: 0, gpuName: 'cpu' },
        hasHostNetwork: true,
      }).find(({ kind }) => kind === under.kind);
      if (!found) throw new Error(`no backend ${under.kind}`);
      return found;
    }

    async function start(command: readonly string[], env: Record<string, string> = {}) {
      const endpoint = newTestEndpoint(under.endpointOf(command));
      const worker = await backend.start({ workerId: `w${workers.length + 1}`, endpoint, env });
      workers.push(worker);
      return worker;
    }
    const shell = (script: string, env?: Record<string, string>) => start(['sh', '-c', script], env);
    const printed = (worker: BackendWorker, count = 1) =>
      eventually(() => worker.log.printed(count).length === count);
    const isAlive = (worker: BackendWorker) => under.isAlive(worker.id, worker.pid ?? 0);
    // A killed group is gone when the kernel gets to it, which a busy machine may put off for a moment.
    const isGone = (worker: BackendWorker) => eventually(async () => !(await isAlive(worker)));

    test.each([
      ['exit 0', { code: 0, signal: null }],
      ['exit 7', { code: 7, signal: null }],
      ['kill -KILL $$; sleep 1000', { code: null, signal: 'SIGKILL' }],
    ])('a worker that does `%s` ends as it did: %j', async (script, exit) => {
      const worker = await shell(script);
      expect(await worker.exited).toMatchObject(exit);
      await isGone(worker);
    });

    test('a log is complete when its worker has ended: both streams, also without a line break at the end', async () => {
      const worker = await shell('echo one; echo two >&2; sleep 0; printf three; exit 1');
      await worker.exited;
      expect(worker.log.printed(9).toSorted()).toEqual(['one', 'three', 'two']);
      const file = await readFile(path.join(dataDir, 'logs', 'mine', 'w1.log'), 'utf8');
      expect(file).toMatch(/^\S+Z stdout one$/m);
      expect(file).toMatch(/^\S+Z stderr two$/m);
      expect(file).toMatch(/^\S+Z stdout three$/m);
      await worker.log.ended;
    });

    test('variables reach the worker as they are, and none of the gateway’s secrets does', async () => {
      const env = {
        PLAIN: 'x',
        EMPTY: '',
        SPACES: ' a  b ',
        QUOTES: `"it's"`,
        EQUALS: 'a=b=c',
        HASH: '# no comment',
        DOLLAR: '$HOME $(id) `id`',
        UNICODE: 'grüße 👋',
        LINES: 'one\ntwo\r\nthree\n',
        LONG: 'x'.repeat(100_000),
      };
      // Values are printed one a line, as text that a line can hold.
      const names = Object.keys(env);
      const script = `for n in ${names.join(' ')}; do eval "v=\\$$n"; printf '%s' "$v" | base64 | tr -d '\\n' | head -c 4000; echo; done; env | grep -c 'top secret'`;
      const worker = await shell(script, env);
      await worker.exited;
      const lines = worker.log.printed(names.length + 1);
      const expected = Object.values(env).map((value) =>
        Buffer.from(value).toString('base64').slice(0, 4000),
      );
      expect(lines.slice(0, -1)).toEqual(expected);
      expect(lines.at(-1)).toBe('0');
    });

    test('arguments are taken as they are, whatever they hold', async () => {
      const odd = ['a b', '$HOME', '"', "'", '*', '', 'ü', '--flag', '-x'];
      const worker = await start(['sh', '-c', 'for a in "$@"; do echo "<$a>"; done', 'sh', ...odd]);
      await worker.exited;
      expect(worker.log.printed(odd.length)).toEqual(odd.map((one) => `<${one}>`));
    });

    test('a worker that is asked to end may say goodbye', async () => {
      const worker = await shell('trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.01; done');
      await printed(worker);
      worker.terminate();
      expect(await worker.exited).toMatchObject({ code: 3 });
      expect(worker.log.printed(1)).toEqual(['bye']);
    });

    test('a worker that is asked to end as soon as it was started ends', async () => {
      const worker = await shell('sleep 1000');
      worker.terminate();
      await worker.exited;
      await isGone(worker);
    });

    test('a worker that is killed is gone with its children, whatever it does about it', async () => {
      const worker = await shell(STUBBORN);
      await printed(worker);
      expect(await isAlive(worker)).toBe(true);
      worker.kill();
      expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
      await isGone(worker);
    });

    test('a worker that has ended leaves its log and nothing else, and signals to it do no harm', async () => {
      const worker = await shell('exit 0');
      await worker.exited;
      worker.terminate();
      worker.kill();
      expect(await readdir(path.join(dataDir, under.folder))).toEqual([]);
      expect(await readdir(path.join(dataDir, 'logs', 'mine'))).toEqual(['w1.log']);
    });

    test('a program that does not exist ends by itself, and the log says why', async () => {
      const worker = await start(['no-such-program-here', 'x']);
      expect(await worker.exited).toMatchObject({ code: under.codeOfMissingProgram ?? 127 });
      expect(worker.log.printed(9).join('\n')).toMatch(/not found|No such file/);
    });

    test('the end of one worker is none of another', async () => {
      const [one, two] = [await shell('echo up; sleep 1000'), await shell('echo up; sleep 1000')];
      await Promise.all([printed(one), printed(two)]);
      one.kill();
      await one.exited;
      expect(await isAlive(two)).toBe(true);
    });

    describe('a gateway that dies', () => {
      let gateway: ChildProcess;
      let pid: number;

      async function runGateway(mode: 'stay' | 'exit'): Promise<void> {
        const script = fileURLToPath(new URL('fake-gateway.ts', import.meta.url));
        const changes = JSON.stringify(under.endpointOf(['sh', '-c', STUBBORN]));
        gateway = spawn(process.execPath, [script, dataDir, under.kind, changes, mode], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: under.hostEnv,
        });
        const [line] = await once(gateway.stdout ?? gateway, 'data');
        pid = JSON.parse(String(line)).pid;
      }
      const nothingRuns = () => eventually(async () => !(await under.isAlive('worker1', pid)));

      test.each(['is killed by SIGKILL', 'leaves without a word'])(
        'takes its workers along when it %s, also those that ignore SIGTERM',
        async (how) => {
          await runGateway(how === 'leaves without a word' ? 'exit' : 'stay');
          const exited = once(gateway, 'exit');
          if (how === 'is killed by SIGKILL') {
            expect(await under.isAlive('worker1', pid)).toBe(true);
            gateway.kill('SIGKILL');
          }
          await exited;
          await nothingRuns();
        },
      );

      test('leaves records, by which the next one knows whose jobs are free', async () => {
        await runGateway('stay');
        gateway.kill('SIGKILL');
        await nothingRuns();
        expect(await readdir(path.join(dataDir, under.folder))).not.toEqual([]);
        expect(await backend.recover()).toEqual({ workerIds: ['worker1'], endedCount: 0 });
        expect(await readdir(path.join(dataDir, under.folder))).toEqual([]);
        expect(await openBackend().recover()).toEqual({ workerIds: [], endedCount: 0 });
      });

      test('and whose watchdog died with it leaves workers to the next one, which ends them', async () => {
        await runGateway('stay');
        // It must not notice what happens to its worker.
        gateway.kill('SIGSTOP');
        await eventually(() => isHalted(gateway.pid ?? 0));
        under.endWatchdog(pid);
        gateway.kill('SIGKILL');
        expect(await under.isAlive('worker1', pid)).toBe(true);
        expect(await backend.recover()).toEqual({ workerIds: ['worker1'], endedCount: 1 });
        await nothingRuns();
      });
    });
  });
}
