// The smoke test that users run after a deployment, against all that it can be pointed at: a gateway with its workers, a
// worker that serves HTTP itself, and an endpoint of RunPod's service, whose part a second gateway plays.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CliRun, runCli } from '../../packages/cli/test/start-cli.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const SECRET = 'a secret of the smoke story';
const POD_KEY = 'a key of the smoke story';
const WORKER_MAIN = fileURLToPath(new URL('../../packages/workers/src/main.ts', import.meta.url));
const YAML = `endpoints:
  clip:
    worker: clip
    env: { EMBEDDING_HMAC_SECRET: '${SECRET}', SPILLWAY_ALLOW_PRIVATE_URLS: 127.0.0.1 }
    workers: { max: 1, idleTimeout: 10m }
  detect:
    worker: detect
    env: { DETECTOR_VARIANT: nano }
    workers: { max: 1, idleTimeout: 10m }
${nodeEndpoint('greet', 'greet.mjs')}`;
const GREET = nodeWorker(`
  if (typeof job.input.name !== 'string') throw new Error('name: expected text');
  return { greeting: 'Hello, ' + job.input.name };
`);
const TESTS = {
  tests: [
    { name: 'greets', input: { name: 'Ada' }, timeout: 100_000 },
    { name: 'nobody', input: {} },
  ],
};
/** Every check of a clip worker, in order. */
const CLIP_CHECKS = [
  ...['health', 'info', 'signatures', 'image as base64', 'fields of the answer', 'length of the vector'],
  ...['L2 norm', 'same picture again', 'another picture differs', 'normalize: false', 'image by URL', 'text'],
  ...['texts find their pictures', 'batch', 'refused: no signature', 'refused: wrong secret'],
  ...[
    'refused: signature of another request',
    'refused: expired signature',
    'refused: signature of the future',
  ],
  ...['refused: replayed signature', 'refused: private URL', 'refused: 17 in a batch', 'refused: empty text'],
  'refused: what is no picture',
];

/** Those of its own routes. */
const HTTP_CHECKS = [
  ...['POST /v1/embed/image', 'POST /v1/embed/image-batch', 'POST /v1/embed/text', 'POST /v1/embeddings'],
  ...['refused over HTTP: no signature', 'refused over HTTP: replayed signature'],
  'refused over HTTP: 17 in a batch',
];

interface Told {
  readonly result: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
}

const told = ({ stdout }: CliRun) => JSON.parse(stdout) as Told;
const withStatus = ({ checks }: Told, status: string) =>
  checks.filter((check) => check.status === status).map(({ name }) => name);
const detailOf = ({ checks }: Told, name: string) => checks.find((check) => check.name === name)?.detail;

describe('spillway smoke', () => {
  let test: TestGateway;

  beforeAll(async () => {
    test = await startGateway(YAML, { 'greet.mjs': GREET, 'mine.json': JSON.stringify(TESTS) });
  });
  afterAll(() => test.stop());

  const smoke = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runCli(['smoke', ...args], {
      cwd: test.folder,
      env: { SPILLWAY_URL: test.url, SPILLWAY_API_KEY: ADMIN_KEY, ...env },
    });

  it('passes a clip endpoint in every check', async () => {
    const run = await smoke(['clip', '--json'], { EMBEDDING_HMAC_SECRET: SECRET });
    const result = told(run);
    expect(withStatus(result, 'FAILED')).toEqual([]);
    expect(withStatus(result, 'PASSED')).toEqual(CLIP_CHECKS);
    expect(detailOf(result, 'image as base64')).toContain('demo-clip (demo)');
    expect([result.result, run.code]).toEqual(['PASSED', 0]);
    expect(run.stdout + run.stderr).not.toContain(SECRET);
  });

  it('passes a detect endpoint with its sample photo, in which the crack is found', async () => {
    const run = await smoke(['detect']);
    expect(run.stdout).toMatch(/^PASSED +sample photo of a crack +found \d+ \(.*crack.*\) with demo-/m);
    expect(run.stdout).toMatch(/^PASSED +fields of the answer +frame_id, image_size 640 x 480/m);
    expect(run.stdout).toMatch(/^PASSED +refused: what is no picture +.*JPEG, PNG/m);
    expect(run.stdout).toMatch(/\nPASSED {2}5 passed in /);
    expect(run.code).toBe(0);
  });

  it('sends the tests of a worker of the user, and tells what it threw', async () => {
    const run = await smoke(['greet', '--tests', 'mine.json']);
    expect(run.stdout).toMatch(/^PASSED +greets +waited .*, ran .*; answer: greeting$/m);
    expect(run.stdout).toMatch(/^FAILED +nobody +FAILED: .*name: expected text/m);
    expect(run.code).toBe(1);
  });

  it('says with a wrong secret that the signature was refused, and passes no refusal for that', async () => {
    const run = await smoke(['clip', '--json'], { EMBEDDING_HMAC_SECRET: 'not the secret' });
    const result = told(run);
    expect(withStatus(result, 'FAILED')).toEqual(['image as base64', 'image by URL']);
    expect(detailOf(result, 'image as base64')).toMatch(
      /^FAILED: Authentication failed \(is EMBEDDING_HMAC_SECRET/,
    );
    expect(withStatus(result, 'PASSED')).toEqual(['health', 'info', 'signatures']);
    expect([result.result, run.code]).toEqual(['FAILED', 1]);
  });

  it('says without a secret that one is wanted', async () => {
    const result = told(await smoke(['clip', '--json']));
    expect(withStatus(result, 'FAILED')).toEqual(['signatures']);
    expect(detailOf(result, 'signatures')).toContain('EMBEDDING_HMAC_SECRET is not set here');
  });

  it('passes the same endpoint as one of RunPod, where a worker tells nothing of itself', async () => {
    const run = await smoke(['clip', '--runpod', 'clip', '--json'], {
      SPILLWAY_URL: 'http://127.0.0.1:1',
      RUNPOD_API_KEY: ADMIN_KEY,
      RUNPOD_ENDPOINT_BASE_URL: `${test.url}/v2`,
      EMBEDDING_HMAC_SECRET: SECRET,
    });
    const result = told(run);
    expect(withStatus(result, 'FAILED')).toEqual([]);
    expect(withStatus(result, 'SKIPPED')).toEqual(['info', 'image by URL']);
    expect(detailOf(result, 'image by URL')).toContain('--image-url');
    expect([result.result, run.code]).toEqual(['PASSED', 0]);
  });

  it('tells a key that RunPod refuses from an endpoint that is not there', async () => {
    const base = { RUNPOD_ENDPOINT_BASE_URL: `${test.url}/v2`, EMBEDDING_HMAC_SECRET: SECRET };
    const key = told(
      await smoke(['clip', '--runpod', 'clip', '--json'], { ...base, RUNPOD_API_KEY: 'wrong-key' }),
    );
    expect(detailOf(key, 'health')).toMatch(/refuses the key of RUNPOD_API_KEY \(HTTP 401\)/);
    const none = told(
      await smoke(['clip', '--runpod', 'nowhere', '--json'], { ...base, RUNPOD_API_KEY: ADMIN_KEY }),
    );
    expect(detailOf(none, 'health')).toMatch(/has no endpoint nowhere/);
  });

  it('fails a worker that cannot start, with the reason that it gave', async () => {
    const bare = await startGateway(
      'endpoints:\n  clip:\n    worker: clip\n    env: { CLIP_CONCURRENCY: 1 }\n',
    );
    try {
      const env = { SPILLWAY_URL: bare.url, EMBEDDING_HMAC_SECRET: SECRET };
      const run = await smoke(['clip', '--json'], env);
      const result = told(run);
      expect(withStatus(result, 'FAILED')).toEqual(['image as base64']);
      expect(detailOf(result, 'image as base64')).toContain('EMBEDDING_HMAC_SECRET is not set');
      expect(withStatus(result, 'SKIPPED')).toEqual(CLIP_CHECKS.slice(4));
      expect(run.code).toBe(1);
    } finally {
      await bare.stop();
    }
  });
});

describe('spillway smoke --pod', () => {
  let pod: ChildProcess | undefined;
  afterEach(async () => {
    if (!pod) return;
    pod.kill('SIGTERM');
    if (pod.exitCode === null) await once(pod, 'exit');
    pod = undefined;
  });

  /** A worker that serves HTTP itself on a free port; its models may still be loading. */
  async function startPod(worker: string, env: Readonly<Record<string, string>>): Promise<string> {
    const child = spawn(process.execPath, [WORKER_MAIN, worker], {
      env: { PATH: process.env.PATH ?? '', RUNPOD_SERVERLESS: 'false', API_PORT: '0', ...env },
    });
    pod = child;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const url = /listens at (\S+);/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`the worker ended: ${said}`)));
    return promise;
  }

  const smoke = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    runCli(['smoke', ...args, '--json'], { cwd: import.meta.dirname, env });

  it('waits for a clip worker to load, and passes it in every check', async () => {
    const env = { EMBEDDING_HMAC_SECRET: SECRET, API_KEY: POD_KEY };
    const url = await startPod('clip', { ...env, SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1' });
    const run = await smoke(['clip', '--pod', url], env);
    const result = told(run);
    expect(withStatus(result, 'FAILED')).toEqual([]);
    expect(withStatus(result, 'PASSED')).toEqual([...CLIP_CHECKS, ...HTTP_CHECKS]);
    expect(detailOf(result, 'info')).toContain('demo-clip (demo); on cpu');
    expect(run.code).toBe(0);
    const keyless = told(await smoke(['clip', '--pod', url], { EMBEDDING_HMAC_SECRET: SECRET }));
    expect(detailOf(keyless, 'info')).toBe('it wants a key; set API_KEY to that of the worker');
    const other = told(await smoke(['detect', '--pod', url], env));
    expect(detailOf(other, 'info')).toBe('expected the worker detect, and it is clip');
    expect(other.result).toBe('FAILED');
  });

  it('passes a detect worker, by its jobs and by its own route', async () => {
    const url = await startPod('detect', { DETECTOR_VARIANT: 'nano' });
    const result = told(await smoke(['detect', '--pod', url], {}));
    expect(withStatus(result, 'PASSED')).toEqual([
      ...['health', 'info', 'sample photo of a crack', 'fields of the answer', 'refused: what is no picture'],
      'POST /detect',
    ]);
    expect(result.result).toBe('PASSED');
  });

  it('skips what needs signatures where the worker wants none', async () => {
    const url = await startPod('clip', { EMBEDDING_AUTH: 'off' });
    const result = told(await smoke(['clip', '--pod', url], {}));
    expect(result.result).toBe('PASSED');
    expect(detailOf(result, 'signatures')).toBe('the worker wants no signatures (/info: auth off)');
    expect(withStatus(result, 'SKIPPED')).toEqual([
      'image by URL',
      ...[...CLIP_CHECKS, ...HTTP_CHECKS].filter((name) => /^refused.*(signature|secret)/.test(name)),
    ]);
  });
});
