import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exitCodeIn, podProgram } from '../src/pods/pod-script.ts';
import { FAKE_KEY, type FakeRunpod } from './fake-runpod.ts';
import { problem } from './fake-runpod-account.ts';
import { openRunpodBench, type RunpodBench } from './runpod-bench.ts';

// The switch as a pod's shell runs it, with a `sleep` that hardly sleeps and a `nvidia-smi` that tells what a test wants.
const canCall = ['curl', 'python3', 'wget'].some((name) => spawnSync(name, ['--version']).status === 0);
if (!canCall)
  console.warn('SKIPPED: none of curl, python3 and wget is installed (Debian: apt-get install curl)');
const testOfCalls = test.skipIf(!canCall);

let bench: RunpodBench;
let folder = '';
let runpod: FakeRunpod;
let child: ChildProcess | undefined;

beforeEach(async () => {
  bench = await openRunpodBench('pod');
  ({ folder, runpod } = bench);
  program('sleep', 'exec /bin/sleep 0.02');
  const made = runpod.account.handle('POST', '/v2/pods', {
    name: 'p',
    image: 'i',
    gpu: { id: 'NVIDIA A40' },
  });
  expect(made.status).toBe(201);
});

afterEach(async () => {
  if (child?.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It is gone with all its children.
    }
  }
  child = undefined;
  await bench.close();
});

function program(name: string, text: string): void {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}

const exitCodes = (out: string, token: string) => out.split('\n').map((line) => exitCodeIn(line, token));

/** Runs it as a pod would: RunPod's own words as arguments of a shell. Resolves with all it printed. */
function run(
  command: string,
  limits: { lifeSeconds?: number; idleSeconds?: number } = {},
  variables: Readonly<Record<string, string>> = { RUNPOD_API_KEY: FAKE_KEY },
) {
  const { args, env, token } = podProgram({
    ...{ command, apiUrl: bench.url, token: 'T0KEN' },
    limits: { lifeSeconds: 3600, idleSeconds: 0, graceSeconds: 1, ...limits },
  });
  const [podId = ''] = runpod.account.pods.keys();
  const PATH = `${folder}:${process.env.PATH}`;
  const started = spawn('/bin/sh', ['-c', args], {
    detached: true,
    env: { ...env, TMPDIR: folder, PATH, RUNPOD_POD_ID: podId, ...variables },
  });
  child = started;
  let out = '';
  started.stdout.on('data', (chunk) => {
    out += chunk;
  });
  started.stderr.on('data', (chunk) => {
    out += chunk;
  });
  const deleted = new Promise<string>((resolve) => {
    const { handle } = runpod.account;
    Object.assign(runpod.account, {
      handle(...call: Parameters<typeof handle>) {
        const answer = handle(...call);
        if (call[0] === 'DELETE') resolve(call[1]);
        return answer;
      },
    });
  });
  const ended = new Promise<number | null>((resolve) => started.on('exit', resolve));
  return { podId, token, deleted, ended, out: () => out };
}

testOfCalls('the pod deletes itself when its command is done, and the log tells the exit code', async () => {
  const { podId, token, ended, out } = run(`echo "it's done"; exit 7`);
  expect(await ended).toBe(0);
  await expect.poll(() => exitCodes(out(), token)).toContain(7);
  expect(out().split('\n')[0]).toBe("it's done");
  expect(runpod.account.pods.has(podId)).toBe(false);
  expect(runpod.calls.map(({ method, path: at }) => `${method} ${at}`)).toEqual([`DELETE /v2/pods/${podId}`]);
});

testOfCalls('it deletes itself when its time is over, whatever its command does', async () => {
  const { podId, deleted } = run('trap "" TERM; while :; do /bin/sleep 1; done', { lifeSeconds: 12 });
  expect(await deleted).toBe(`/v2/pods/${podId}`);
});

testOfCalls('it deletes itself when its cards are idle, and not while they work', async () => {
  program(
    'nvidia-smi',
    `n=$(cat ${folder}/asked 2>/dev/null || echo 0); echo $((n + 1)) > ${folder}/asked; if [ "$n" -lt 6 ]; then echo 0; echo 93; else echo 0; echo 0; fi`,
  );
  const { deleted, out } = run('exec /bin/sleep 60', { idleSeconds: 30 });
  await deleted;
  // Six looks at cards that work, then six in a row at idle ones.
  expect(readFileSync(path.join(folder, 'asked'), 'utf8').trim()).toBe('12');
  await expect.poll(out).toContain('idle for 30 s');
});

testOfCalls('it tries again until RunPod takes it', async () => {
  let refusals = 3;
  runpod.fault = () => {
    if (refusals === 0) return undefined;
    refusals -= 1;
    return problem(503, 'Unavailable', 'later');
  };
  const { podId, ended } = run('true');
  expect(await ended).toBe(0);
  expect(runpod.account.pods.has(podId)).toBe(false);
});

testOfCalls('where the key may not delete it by one API, it ends itself by the other', async () => {
  runpod.fault = ({ method }) =>
    method === 'DELETE' ? problem(403, 'Forbidden', 'not with this key') : undefined;
  const { podId, ended } = run('true');
  expect(await ended).toBe(0);
  expect(runpod.account.pods.has(podId)).toBe(false);
  expect(runpod.calls.map(({ method, path: at }) => `${method} ${at}`)).toEqual([
    `DELETE /v2/pods/${podId}`,
    'POST /graphql',
  ]);
});

test('without a key it could not end itself: it does not begin, and says so; `runpodctl` needs none', async () => {
  const { out, token } = run(`touch ${folder}/began`, {}, {});
  await expect.poll(out).toContain('it could not be terminated');
  expect(out()).toContain(
    'its command is not run, since the pod could not end itself: it needs RUNPOD_API_KEY',
  );
  expect(exitCodes(out(), token)).toContain(125);
  expect(existsSync(path.join(folder, 'began'))).toBe(false);
  process.kill(-(child?.pid ?? 0), 'SIGKILL');
  program('runpodctl', `echo "$@" >> ${folder}/asked`);
  const { podId, ended } = run('true', {}, {});
  expect(await ended).toBe(0);
  expect(readFileSync(path.join(folder, 'asked'), 'utf8')).toBe(`remove pod ${podId}\n`);
});

testOfCalls(
  'a container that is started again does not run its command again, and still ends its pod',
  async () => {
    const command = `echo once >> ${folder}/runs`;
    runpod.fault = () => problem(503, 'Unavailable', 'later');
    const first = run(command);
    await expect.poll(first.out).toContain('it could not be terminated');
    process.kill(-(child?.pid ?? 0), 'SIGKILL');
    await first.ended;
    runpod.fault = undefined;
    const second = run(command);
    expect(await second.ended).toBe(0);
    await expect.poll(second.out).toContain('was started again');
    expect(readFileSync(path.join(folder, 'runs'), 'utf8')).toBe('once\n');
    expect(runpod.account.pods.size).toBe(0);
  },
);
