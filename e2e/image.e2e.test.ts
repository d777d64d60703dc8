// What an image holds is enough: the workers, installed into a folder by the images' own script, run from there as an
// ordinary user with the environment of the image, as a pod that serves HTTP and as a worker that takes jobs.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environmentOf, parseDockerfile, type Stage } from '../tools/images/dockerfile.ts';
import { installWorker, partsOf } from '../tools/images/install-worker.ts';
import { registryTrouble } from './harness/install-packages.ts';
import { startGateway, type TestGateway } from './harness/start-gateway.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PHOTO = readFileSync(path.join(ROOT, 'examples/defects/photos/wall-crack.jpg')).toString('base64');
const IMAGE = parseDockerfile(readFileSync(path.join(ROOT, 'docker/cpu/Dockerfile'), 'utf8')).at(-1) as Stage;

/** The user of the image, where this test may become somebody else. */
const OTHER = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};

describe.skipIf(registryTrouble() !== undefined)('the files of a worker image', () => {
  let folder = '';
  let env: Readonly<Record<string, string>> = {};
  let pod: ChildProcess;
  let url = '';
  let said = '';

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'spillway-image-'));
    chmodSync(folder, 0o755);
    installWorker(folder);
    // The Node of the checkout may lie in a home that is closed to other users.
    copyFileSync(process.execPath, path.join(folder, 'node'));
    const bin = path.join(folder, 'node_modules/.bin');
    env = {
      ...environmentOf(IMAGE),
      PATH: `${bin}:${folder}:/usr/bin:/bin`,
      API_HOST: '127.0.0.1',
      API_PORT: '0',
      DETECTOR_VARIANT: 'nano',
    };
    // `env` finds the program by the image's PATH, not by the test's.
    pod = spawn('/usr/bin/env', ['spillway-worker'], {
      ...{ cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...OTHER },
      env: { ...env, WORKER: 'detect', RUNPOD_SERVERLESS: 'false' },
    });
    const lines = createInterface({ input: pod.stderr as NonNullable<typeof pod.stderr> });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        said += `${line}\n`;
        url = /listens at (\S+);/.exec(line)?.[1] ?? url;
        if (line.includes('is ready')) resolve();
      });
      lines.on('close', () => reject(new Error(`the pod ended before it was ready: ${said}`)));
    });
  });

  afterAll(async () => {
    if (pod.exitCode === null) {
      pod.kill('SIGTERM');
      await once(pod, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const health = (more: Readonly<Record<string, string>>) =>
    spawnSync('/usr/bin/env', ['spillway-worker', '--health'], {
      ...{ cwd: folder, encoding: 'utf8', ...OTHER },
      env: { ...env, RUNPOD_SERVERLESS: 'false', ...more },
    });

  test('they are for this platform only, without the gateway, tests and tools', () => {
    const natives = globSync('**/*.{node,so,dylib,dll}*', { cwd: path.join(folder, 'node_modules') });
    const other = new RegExp(`(?<![a-z])(?!${process.platform})(linux|darwin|win32)|musl`);
    expect(natives.length).toBeGreaterThan(2);
    expect(natives.filter((file) => other.test(file))).toEqual([]);
    for (const name of ['@spillway/gateway', 'spillway', 'typescript', 'vitest', 'fastify'])
      expect(existsSync(path.join(folder, 'node_modules', name))).toBe(false);
    const total = partsOf(folder).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total).toBeLessThan(120e6);
  });

  test('libraries have the versions of the lock file', () => {
    type Lock = { packages: Record<string, { version?: string }> };
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
    const manifests = globSync('node_modules/{,@img/}*/package.json', { cwd: folder });
    expect(manifests.length).toBeGreaterThan(10);
    for (const file of manifests) {
      const { version } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { version: string };
      expect([file, version]).toEqual([file, lock.packages[path.dirname(file)]?.version]);
    }
  });

  test('a pod serves HTTP as an ordinary user', async () => {
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      status: 'healthy',
      worker: 'detect',
    });
    expect((await fetch(`${url}/ping`)).status).toBe(200);
    const body = JSON.stringify({ input: { image: PHOTO } });
    const answer = (await (await fetch(`${url}/runsync`, { method: 'POST', body })).json()) as {
      status: string;
      output: { anomaly_count: number };
    };
    expect(answer.status).toBe('COMPLETED');
    expect(answer.output.anomaly_count).toBeGreaterThan(0);
    if (OTHER.uid !== undefined)
      expect(readFileSync(`/proc/${pod.pid}/status`, 'utf8')).toContain(`Uid:\t${OTHER.uid}`);
  });

  test('the health check tells a pod that serves from one that does not, and asks nothing of a worker that takes jobs', () => {
    const { port } = new URL(url);
    expect(health({ API_PORT: port }).status).toBe(0);
    const dead = health({ API_PORT: '1' });
    expect(dead.status).toBe(1);
    expect(dead.stderr).toContain('http://127.0.0.1:1/health does not answer');
    expect(health({ API_PORT: '1', RUNPOD_SERVERLESS: 'true' }).status).toBe(0);
  });

  describe('with a gateway', () => {
    let gateway: TestGateway | undefined;
    afterAll(() => gateway?.stop());

    test('the same files take jobs, and name the worker by WORKER', async () => {
      // setpriv is the user's own part of an image's USER; where the test is no root, it is that user already.
      const asOther =
        OTHER.uid === undefined ? [] : ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];
      const endpoint = {
        command: [...asOther, 'spillway-worker'],
        env: { ...env, WORKER: 'clip', EMBEDDING_AUTH: 'off' },
        cwd: folder,
        workers: { max: 1 },
      };
      gateway = await startGateway(`endpoints: ${JSON.stringify({ search: endpoint })}\n`);
      const input = { text: 'a photo of a red star' };
      const reply = await gateway.call('/v2/search/runsync?wait=60000', { json: { input } });
      expect(await reply.json()).toMatchObject({
        status: 'COMPLETED',
        output: { dim: 512, model: 'demo-clip' },
      });
    });
  });
});
