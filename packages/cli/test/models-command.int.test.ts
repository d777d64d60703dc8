import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeHub, sha256, startFakeHub } from './fake-hub.ts';
import { demoClip, padded, rfDetr } from './model-bytes.ts';
import { type CliRun, type StartedCli, startCli } from './start-cli.ts';

/** `spillway models …` as its user runs it: what it prints, its exit code, and what a kill -9 leaves. */
const DETECTOR = 'acme/rfdetr_medium-ONNX';
const COMMIT = 'a'.repeat(40);
const MEBIBYTE = 1 << 20;

let hub: FakeHub;
let folder: string;
const runs: StartedCli[] = [];

beforeEach(async () => {
  hub = await startFakeHub();
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-models-command-'));
});
afterEach(async () => {
  for (const run of runs.splice(0)) run.child.kill('SIGKILL');
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}): StartedCli {
  const origin = { HF_ENDPOINT: hub.url, SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1' };
  const run = startCli(['models', ...args], { cwd: folder, env: { ...origin, ...env } });
  runs.push(run);
  return run;
}

function spillway(args: readonly string[], env: Record<string, string> = {}): Promise<CliRun> {
  return start(args, env).ended;
}

function addDetector(bytes = 200_000): Buffer {
  const model = padded(rfDetr(), bytes);
  const files = {
    'config.json': Buffer.from('{"model_type": "rf_detr", "id2label": {"1": "crack"}}'),
    'README.md': Buffer.from('---\nlicense: apache-2.0\n---\n'),
    'onnx/model.onnx': model,
  };
  hub.repositories.set(DETECTOR, {
    commits: { [COMMIT]: files },
    refs: { main: COMMIT },
    license: 'apache-2.0',
  });
  return model;
}

const cache = () => path.join(folder, '.cache/spillway/models');
const pulled = (file: string) => path.join(cache(), 'rfdetr_medium-ONNX', file);

test('a pull that is killed in the middle goes on there, and the file is whole and right', async () => {
  const model = addDetector(8 * MEBIBYTE);
  // The first connection stalls in the middle, until its client is gone.
  hub.cdnFault = (call, response, content) => {
    if (call.headers.range !== undefined) return false;
    response.writeHead(200, { etag: `"${sha256(content)}"`, 'content-length': String(content.length) });
    response.write(content.subarray(0, 5 * MEBIBYTE));
    return true;
  };
  const first = start(['pull', `hf:${DETECTOR}`]);
  const part = path.join(
    cache(),
    '.pulling/rfdetr_medium-ONNX',
    COMMIT.slice(0, 16),
    'files/onnx/model.onnx',
  );
  const sizeOf = async () => (await stat(part).catch(() => undefined))?.size ?? 0;
  await expect.poll(sizeOf).toBe(5 * MEBIBYTE);
  first.child.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  expect((await readdir(cache())).filter((name) => !name.startsWith('.'))).toEqual([]);

  const { code, stderr, stdout } = await spillway(['pull', `hf:${DETECTOR}`]);
  expect(stderr).toContain('onnx/model.onnx: going on at 5.2 MB of 8.4 MB');
  expect([code, stdout]).toEqual([0, `${path.join(cache(), 'rfdetr_medium-ONNX')}\n`]);
  const resumed = hub.calls.filter(({ headers }) => headers.range !== undefined);
  expect(resumed.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
    // The hub itself is asked with the same range, and redirects.
    ...Array.from({ length: 2 }, () => [`bytes=${5 * MEBIBYTE}-`, `"${sha256(model)}"`]),
  ]);
  expect(sha256(await readFile(pulled('onnx/model.onnx')))).toBe(sha256(model));
  expect((await readdir(cache())).sort()).toContain('rfdetr_medium-ONNX');
  await expect(stat(path.join(cache(), '.pulling/rfdetr_medium-ONNX'))).rejects.toThrow(/ENOENT/);
});

test('two pulls of one model at a time: one fetches, the other waits and finds it there', async () => {
  addDetector(2 * MEBIBYTE);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  hub.cdnFault = (_call, response, content) => {
    response.writeHead(200, { 'content-length': String(content.length) });
    response.write(content.subarray(0, MEBIBYTE));
    void held.then(() => response.end(content.subarray(MEBIBYTE)));
    return true;
  };
  const both = [start(['pull', `hf:${DETECTOR}`]), start(['pull', `hf:${DETECTOR}`])];
  await Promise.any(both.map((run) => run.printed('rfdetr_medium-ONNX is being pulled by process')));
  release();
  const ends = await Promise.all(both.map((run) => run.ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
  expect(hub.calls.filter(({ origin }) => origin === 'cdn')).toHaveLength(1);
  const words = ends.map(({ stderr }) => stderr).join();
  expect(words).toMatch(/rfdetr_medium-ONNX is being pulled by process \d+ on .*: waiting/);
  expect(words).toContain('rfdetr_medium-ONNX: all 3 files are here and have the pinned hashes');
});

test('what was pulled is listed with what it is, who picks it and whether it is whole', async () => {
  addDetector();
  await spillway(['pull', `hf:${DETECTOR}`]);
  const { code, stdout } = await spillway(['list', '--json']);
  expect(code).toBe(0);
  const { models, workers } = JSON.parse(stdout);
  expect(models[0]).toMatchObject({
    ...{ id: DETECTOR, name: 'rfdetr_medium-ONNX', contract: 'rf-detr', variant: 'medium', dtypes: ['fp32'] },
    ...{
      licence: 'apache-2.0',
      source: `hf:${DETECTOR}`,
      revision: COMMIT,
      isDemo: false,
      state: 'verified',
    },
  });
  expect(models[0].bytes).toBeGreaterThan(200_000);
  expect(workers).toMatchObject([
    { name: 'detect', problem: expect.stringContaining('There is no segmenter to go with the detector') },
    { name: 'clip', picks: [{ role: 'embedder', id: 'demo-clip' }] },
    { name: 'ergonomics', picks: [{ id: 'demo-person-markers' }, { id: 'demo-vitpose-markers' }] },
  ]);
  const shown = await spillway([]);
  expect(shown.stdout).toMatch(
    /rfdetr_medium-ONNX \(acme\/rfdetr_medium-ONNX\) +rf-detr +medium +fp32 .* verified/,
  );
  expect(shown.stdout).toContain(`Looked in, in this order: ${cache()}, /runpod-volume/models`);
});

test('the endpoints of a configuration are asked each with its own environment', async () => {
  await writeFile(
    path.join(folder, 'spillway.yaml'),
    'endpoints:\n  walls: { worker: detect, env: { DETECTOR_VARIANT: nano } }\n  own: { command: [node] }\n',
  );
  const { stdout } = await spillway(['--json']);
  expect(JSON.parse(stdout).workers).toMatchObject([
    { name: 'walls', worker: 'detect', picks: [{ id: 'demo-rf-detr-nano' }, { id: 'demo-sam2.1-tiny' }] },
  ]);
  expect((await spillway([])).stdout).toContain(
    'endpoint walls (detect): demo-rf-detr-nano as detector, demo-sam2.1-tiny as segmenter',
  );
});

test('verify says PASSED or FAILED of every file and of the contract, and its exit code says it to scripts', async () => {
  addDetector();
  await spillway(['pull', `hf:${DETECTOR}`]);
  const good = await spillway(['verify', 'rfdetr_medium-ONNX']);
  expect(good.code).toBe(0);
  expect(good.stdout).toMatch(/PASSED {2}onnx\/model\.onnx {2}sha256 [0-9a-f]{64}\n/);
  expect(good.stdout).toMatch(/PASSED {2}contract rf-detr \(fp32\) {2}1 file opened\n1 model passed\.\n$/);
  const file = pulled('onnx/model.onnx');
  const bytes = await readFile(file);
  bytes[bytes.length - 1] = 98;
  await writeFile(file, bytes);
  const bad = await spillway(['verify', DETECTOR]);
  expect([bad.code, bad.stdout]).toEqual([
    1,
    expect.stringMatching(/FAILED {2}onnx\/model\.onnx .*has another SHA-256/),
  ]);
  expect(bad.stdout).toMatch(/PASSED {2}config\.json[\s\S]*1 of 1 model failed\.\n$/);
  const asJson = await spillway(['verify', DETECTOR, '--json']);
  expect([asJson.code, JSON.parse(asJson.stdout).isPassed]).toEqual([1, false]);
  const none = await spillway(['verify', 'nothing']);
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringMatching(/no model nothing on the search path\. There are: rfdetr_medium-ONNX/),
  ]);
});

test('a folder of one’s own becomes a model: contract, variant, licence and hashes are found out', async () => {
  const own = path.join(folder, 'my export');
  await mkdir(own, { recursive: true });
  await writeFile(path.join(own, 'inference_model.onnx'), rfDetr());
  await writeFile(path.join(own, 'README.md'), '---\nlicense: mit\ntags: [x]\n---\n# Mine\n');
  const refused = await spillway(['add', own, '--name', '../walls']);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('"../walls" can\'t be a model\'s name'),
  ]);
  expect((await spillway(['add', own])).stdout).toMatch(
    /^my-export \(rf-detr\): 2 files, .* in .*\/my-export\n$/,
  );
  const { code, stdout, stderr } = await spillway([
    'add',
    own,
    '--name',
    'walls',
    '--variant',
    'medium',
    '--json',
  ]);
  expect([code, stderr]).toEqual([0, '']);
  const { model, notes, path: place } = JSON.parse(stdout);
  expect(model).toMatchObject({
    ...{ id: 'walls', contract: 'rf-detr', variant: 'medium', licence: 'mit', demo: false },
    roles: { model: 'inference_model.onnx' },
    files: { 'inference_model.onnx': { sha256: sha256(rfDetr()), bytes: rfDetr().length } },
  });
  expect(notes).toEqual([expect.stringContaining('results will call them class_0')]);
  expect(place).toBe(path.join(cache(), 'walls'));
  expect((await spillway(['verify', 'walls'])).code).toBe(0);
  const again = await spillway(['add', own, '--name', 'walls']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('There is already a model walls')]);
});

test('a whole public export is added with all its number formats, linked where that is wished', async () => {
  const own = path.join(folder, 'clip-b32');
  await mkdir(path.join(own, 'onnx'), { recursive: true });
  for (const file of ['onnx/vision_model.onnx', 'onnx/text_model.onnx', 'tokenizer.json']) {
    await writeFile(path.join(own, file), demoClip(file));
  }
  await cp(path.join(own, 'onnx/vision_model.onnx'), path.join(own, 'onnx/vision_model_fp16.onnx'));
  const { code } = await spillway(['add', own, '--link', '--licence', 'MIT']);
  expect(code).toBe(0);
  const { models } = JSON.parse((await spillway(['--json'])).stdout);
  expect(models[0]).toMatchObject({
    id: 'clip-b32',
    contract: 'clip',
    dtypes: ['fp32', 'fp16'],
    state: 'verified',
  });
  const place = path.join(cache(), 'clip-b32/onnx/vision_model.onnx');
  expect((await stat(place)).ino).toBe((await stat(path.join(own, 'onnx/vision_model.onnx'))).ino);
});

test('a folder that is no model is refused with the difference', async () => {
  const own = path.join(folder, 'wrong');
  await mkdir(own);
  const empty = await spillway(['add', own]);
  expect(empty.stderr).toMatch(
    /holds no \.onnx files of a model that a worker knows\. Expected one of: rf-detr \(onnx\/model\.onnx\)/,
  );
  await writeFile(path.join(own, 'model.onnx'), demoClip('onnx/text_model.onnx'));
  const other = await spillway(['add', own]);
  expect(other.stderr).toMatch(
    /fits no contract .*model\.onnx \(as rf-detr\) does not fit its contract: input "input" is missing/,
  );
  const weights = path.join(own, 'rf.pth');
  await writeFile(weights, 'weights');
  expect((await spillway(['add', weights])).stderr).toMatch(/holds PyTorch weights.*tools\/convert/);
});

test.each([
  [['pull'], /Name what to pull, such as hf:<owner>\/<name>/],
  [['pull', 'Xenova/clip'], /names no place to pull from.*Did you mean hf:Xenova\/clip\?/],
  [['pull', 'hf:a/b', '--dtype', 'fp8'], /--dtype fp8: expected fp32, fp16/],
  [['pull', 'hf:a/b', '--dtype', 'fp16', '--all'], /--all takes every number format/],
  [['pull', 'hf:a/b', '--contract', 'yolo'], /--contract yolo: expected rf-detr, sam2/],
  [['pull', 'hf:a/b', 'hf:a/c', '--name', 'x'], /--name is for one source/],
  [['pull', 's3://bucket'], /is a whole bucket/],
])('wrong use is told as such: %j', async (args, sentence) => {
  const { code, stderr } = await spillway(args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
});

test('programs get one JSON value, of what came or of what went wrong', async () => {
  addDetector();
  const good = await spillway(['pull', `hf:${DETECTOR}`, '--json']);
  expect(JSON.parse(good.stdout).models).toMatchObject([
    { state: 'pulled', revision: COMMIT, contract: 'rf-detr' },
  ]);
  const again = await spillway(['pull', '--json']);
  expect(JSON.parse(again.stdout).models).toMatchObject([{ state: 'unchanged', fetchedBytes: 0 }]);
  const bad = await spillway(['pull', 'hf:acme/none', '--json']);
  expect([bad.code, bad.stdout, JSON.parse(bad.stderr).error.code]).toEqual([1, '', 'UNAUTHORIZED']);
  const offline = await spillway(['pull', 'hf:acme/none', '--offline', '--json']);
  expect(JSON.parse(offline.stderr).error.code).toBe('OFFLINE');
});
