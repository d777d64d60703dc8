// The product without its repository: the tarballs of `npm run pack`, installed into an empty folder, run everything that
// a user of the repository runs, and programs are written and compiled against them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPackages, registryTrouble } from './harness/install-packages.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PHOTO = path.join(ROOT, 'examples/defects/photos/wall-crack.jpg');

const YAML = `listen: 127.0.0.1:0
endpoints:
  detect: { worker: detect, env: { DETECTOR_VARIANT: nano } }
  clip: { worker: clip, env: { EMBEDDING_AUTH: 'off' } }
  greet: { command: [node, greet.js] }
  count: { command: [node, count.ts] }
`;
const GREET = `import { startWorker } from '@spillway/sdk/worker';
await startWorker({ handler: async (job) => ({ greeting: \`Hello, \${job.input.name}!\` }) });
`;
const COUNT = `import { type Handler, JobError, startWorker } from '@spillway/sdk/worker';
const count: Handler = async (job) => {
  if (typeof job.input.text !== 'string') throw JobError.invalidInput('text: expected text.');
  return { letters: job.input.text.length };
};
await startWorker({ handler: count });
`;
/** Uses every entry that programs import; what is expected to be refused shows that the types are no \`any\`. */
const CONSUMER = `import { createGateway, defaultConfig, type Gateway } from '@spillway/gateway';
import { note } from './note.ts';
import { createClient } from '@spillway/sdk/client';
import { createManualClock } from '@spillway/sdk/clock';
import { signJob } from '@spillway/sdk/signing';
import { type Handler, startWorker } from '@spillway/sdk/worker';
import { builtInWorkers } from '@spillway/workers';
import type { Logger } from 'pino';

export const config = defaultConfig('/tmp', builtInWorkers);
export const build = (log: Logger): Gateway => createGateway({ config, log });
export const client = createClient({ baseUrl: 'http://127.0.0.1:8080', apiKey: 'key' });
export const auth = signJob('clip', { text: 'x' }, { secret: 'secret' });
export const clock = createManualClock(0);
export const handler: Handler = async (job, context) => {
  context.progress(note);
  return { id: job.id };
};
// @ts-expect-error concurrency is a number
await startWorker({ handler, concurrency: 'two' });
// @ts-expect-error a client needs an address
createClient({ apiKey: 'key' });
`;

const installation = registryTrouble() === undefined ? installPackages('installed') : undefined;

describe.skipIf(installation === undefined)('an installation from tarballs', () => {
  const { folder, env } = installation ?? { folder: '', env: {} };
  let gateway: ChildProcess | undefined;

  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, args, { cwd: folder, env, encoding: 'utf8', timeout: 150_000 });
  const output = (...args: string[]) => {
    const { status, stdout, stderr } = run('spillway', 'run', '--json', ...args);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return (JSON.parse(stdout) as { output?: unknown }).output;
  };

  beforeAll(async () => {
    write('spillway.yaml', YAML);
    write('greet.js', GREET);
    write('count.ts', COUNT);
    gateway = spawn('spillway', ['up'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const lines = createInterface({ input: gateway.stdout as NonNullable<typeof gateway.stdout> });
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => line.includes('is ready at') && resolve());
      lines.on('close', () => reject(new Error('the gateway ended before it was ready')));
    });
  });

  afterAll(async () => {
    if (gateway !== undefined && gateway.exitCode === null) {
      gateway.kill('SIGTERM');
      await once(gateway, 'exit');
    }
    installation?.remove();
  });

  test('it holds nothing of the repository: no links into it, no TypeScript, no tests', () => {
    const packages = [
      '@spillway/protocol',
      '@spillway/sdk',
      '@spillway/ergonomics-page',
      '@spillway/gateway',
      '@spillway/workers',
      'spillway',
    ];
    const roots = packages.map((name) => path.join(folder, 'node_modules', name));
    expect(roots.filter((root) => lstatSync(root).isSymbolicLink())).toEqual([]);
    const files = roots.flatMap((root) =>
      globSync('**/*', { cwd: root }).map((file) => path.join(root, file)),
    );
    expect(files.length).toBeGreaterThan(500);
    expect(files.filter((file) => /(?<!\.d)\.m?ts$|\.test\.|testdata|\.tsbuildinfo$/.test(file))).toEqual([]);
    const texts = files.filter((file) => /\.(js|mjs|json|md)$/.test(file));
    expect(texts.filter((file) => readFileSync(file, 'utf8').includes(ROOT))).toEqual([]);
  });

  test('the command runs, and finds a gateway that was started from the installation', async () => {
    expect(run('spillway', '--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    const { url } = JSON.parse(readFileSync(path.join(folder, '.spillway/gateway.json'), 'utf8')) as {
      url: string;
    };
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    expect(JSON.parse(run('spillway', 'jobs', '--json').stdout)).toEqual({ jobs: [] });
  });

  test('the page for videos is served from what was packed, and a command makes links to it', async () => {
    const { status, stdout } = run('spillway', 'page', 'ergonomics', '--endpoint', 'detect');
    expect(status).toBe(0);
    const page = await fetch(stdout.trim());
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const [, script = ''] = /src="(\.\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? [];
    expect((await fetch(new URL(script, stdout.trim()))).status).toBe(200);
  });

  test('handlers of its user run, in JavaScript and in TypeScript', () => {
    expect(output('greet', '{"name": "Ada"}')).toEqual({ greeting: 'Hello, Ada!' });
    expect(output('count', '{"text": "seven"}')).toEqual({ letters: 5 });
    const { jobs } = JSON.parse(run('spillway', 'jobs', '--json').stdout) as { jobs: object[] };
    expect(jobs).toMatchObject([
      { endpoint: 'count', status: 'COMPLETED', attempt: 1 },
      { endpoint: 'greet', status: 'COMPLETED', attempt: 1 },
    ]);
  });

  test('the built-in workers run, with the models that were packed', () => {
    const found = output('detect', PHOTO) as {
      anomaly_count: number;
      models: { detector: { demo: boolean } };
    };
    expect(found.anomaly_count).toBeGreaterThan(0);
    expect(found.models.detector.demo).toBe(true);
    expect(output('clip', '{"text": "a red star"}')).toMatchObject({ dim: 512, model: 'demo-clip' });
  });

  test('the smoke test passes the built-in workers, with the samples that were packed', () => {
    for (const name of ['detect', 'clip']) {
      const { status, stdout } = run('spillway', 'smoke', name);
      expect(stdout).toMatch(/\nPASSED {2}\d+ passed/);
      expect(status).toBe(0);
    }
  });

  test('programs compile against its types, those of the packages’ own pages too', () => {
    const pages = globSync('packages/*/README.md', { cwd: ROOT });
    const samples = pages.flatMap((page) =>
      [...readFileSync(path.join(ROOT, page), 'utf8').matchAll(/^```js\n([\s\S]*?)^```/gm)].map(
        ([, code], index) => {
          const name = `${page.split('/')[1]}-${index}.js`;
          write(name, code ?? '');
          return name;
        },
      ),
    );
    expect(samples.length).toBeGreaterThan(2);
    write('note.ts', "export const note = { done: 'half' };\n");
    write('consumer.ts', CONSUMER);
    const settings = {
      ...{ strict: true, module: 'nodenext', moduleResolution: 'nodenext', target: 'es2024', noEmit: true },
      ...{
        types: ['node'],
        typeRoots: [path.join(ROOT, 'node_modules/@types')],
        allowJs: true,
        checkJs: true,
      },
      ...{ allowImportingTsExtensions: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
      lib: ['es2024', 'esnext.disposable'],
    };
    write('tsconfig.json', JSON.stringify({ compilerOptions: settings, files: ['consumer.ts', ...samples] }));
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    const { status, stdout } = run(process.execPath, tsc, '-p', '.');
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test('without ONNX Runtime, which npm may have left out, a worker says what to do', () => {
    const place = path.join(folder, 'node_modules/onnxruntime-node');
    renameSync(place, `${place}-away`);
    try {
      const { status, stderr } = run('env', 'EMBEDDING_AUTH=off', 'spillway-worker', 'clip');
      expect(stderr).toContain('ONNXRUNTIME_NODE_INSTALL=skip npm install');
      expect(status).toBe(1);
    } finally {
      renameSync(`${place}-away`, place);
    }
  });
});
