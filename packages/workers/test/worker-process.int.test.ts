import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInWorkers } from '../src/registry.ts';

/** Built-in workers as a gateway starts them: their own process, its exit code and what it says on stderr. */
const execute = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-worker-'));
});
afterAll(() => rm(folder, { recursive: true }));

function runWorker(args: readonly string[], env: Record<string, string>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    // With Node's own flags, and without the name of the worker.
    const [program = '', ...given] = builtInWorkers.detect?.command.slice(0, -1) ?? [];
    const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } };
    execFile(program, [...given, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('the command of a built-in worker names the program, its entry and the worker', () => {
  const command = builtInWorkers.detect?.command ?? [];
  const [main = '', name] = command.slice(-2);
  expect([command[0], name]).toEqual([process.execPath, 'detect']);
  expect(path.isAbsolute(main)).toBe(true);
  // Between them stand flags of Node only.
  expect(command.slice(1, -2).filter((flag) => !flag.startsWith('--'))).toEqual([]);
});

test('reading the table of workers loads no library', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(name, context, next) { loaded.push(name); return next(name, context); } });
    const { builtInWorkers } = await import(${JSON.stringify(new URL('../src/registry.ts', import.meta.url).href)});
    console.log(JSON.stringify({ workers: Object.keys(builtInWorkers), loaded }));`;
  const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', script]);
  const { workers, loaded } = JSON.parse(stdout) as { workers: string[]; loaded: string[] };
  expect(workers).toContain('detect');
  expect(loaded.filter((name) => !/^(node:|\.|file:)/.test(name))).toEqual([]);
});

test('a worker without weights for its variant says so in one line and ends with 1', async () => {
  const { code, stdout, stderr } = await runWorker(['detect'], {});
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^There are no RF-DETR weights for DETECTOR_VARIANT=medium: [^\n]+\n$/);
});

test('a wrong environment is told in one line', async () => {
  const { code, stderr } = await runWorker(['detect'], {
    DETECTOR_VARIANT: 'tiny',
    CONFIDENCE_THRESHOLD: '2',
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The environment of the detect worker has 2 problems: [^\n]+\n$/);
});

test('a worker that does not exist, or none named, lists those that do', async () => {
  const unknown = await runWorker(['transmogrify'], {});
  expect(unknown).toMatchObject({
    code: 1,
    stderr: 'There is no built-in worker "transmogrify". There are: detect, clip, ergonomics.\n',
  });
  const none = await runWorker([], {});
  expect(none.stderr).toMatch(/^Name the worker to run/);
});

test('a worker measures a mask and ends with 0 when it has no server', async () => {
  const black = { create: { width: 9, height: 9, channels: 3 as const, background: '#000' } };
  const white = { create: { width: 3, height: 3, channels: 3 as const, background: '#fff' } };
  const png = await sharp(black)
    .composite([{ input: white, left: 4, top: 5 }])
    .png()
    .toBuffer();
  const input = JSON.stringify({ input: { action: 'measure', mask: png.toString('base64') } });
  const { code, stdout } = await runWorker(['--test_input', input], {
    WORKER: 'detect',
    DETECTOR_VARIANT: 'nano',
  });
  expect(code).toBe(0);
  const { instances } = JSON.parse(stdout) as { instances: { bbox: unknown }[] };
  expect(instances).toMatchObject([{ bbox: { x_min: 4, y_min: 5, x_max: 7, y_max: 8 } }]);
});
