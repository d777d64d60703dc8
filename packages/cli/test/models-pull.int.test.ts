import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createManualClock, createSystemClock } from '@spillway/sdk/clock';
import { chooseForWorker } from '@spillway/workers/models';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCK_FILE, type LockFile } from '../src/models/pull/lock-file.ts';
import { type PullRequest, type PullTools, pullModel } from '../src/models/pull/pull-model.ts';
import { readPullSettings } from '../src/models/pull/settings.ts';
import { parseSource } from '../src/models/pull/source.ts';
import { type FakeHub, type HubCall, sha256, startFakeHub } from './fake-hub.ts';
import { demoClip, padded, rfDetr, samFile, withExternalWeight } from './model-bytes.ts';

/** Pulls from a hub: what lies on the disk afterwards, what went over the wire, and the sentence when it goes wrong. */
const CLIP = 'Xenova/clip-vit-base-patch32';
const DETECTOR = 'acme/rfdetr_medium-ONNX';
const FIRST = 'a'.repeat(40);
const SECOND = 'b'.repeat(40);

let hub: FakeHub;
let cache: string;
const said: string[] = [];

beforeEach(async () => {
  hub = await startFakeHub();
  cache = await mkdtemp(path.join(tmpdir(), 'spillway-pull-'));
  said.length = 0;
});
afterEach(async () => {
  await hub.close();
  await rm(cache, { recursive: true, force: true });
});

function tools(env: Record<string, string> = {}, changes: Partial<PullTools> = {}): PullTools {
  const settings = readPullSettings({
    ...{ HF_ENDPOINT: hub.url, SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1', ...env },
  });
  const view = {
    say: (text: string) => void said.push(text),
    progress: () => {},
    done: () => {},
    close: () => {},
  };
  const clock = {
    ...createSystemClock(),
    sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  return { settings, clock, random: () => 0, signal: new AbortController().signal, view, ...changes };
}

const request = (source: string, changes: Partial<PullRequest> = {}): PullRequest => ({
  ...{ source: parseSource(source), into: cache, lockFile: path.join(cache, LOCK_FILE), ...changes },
});

const pull = (source: string, changes: Partial<PullRequest> = {}, env: Record<string, string> = {}) =>
  pullModel(request(source, changes), tools(env));

function clipFiles(): Record<string, Buffer> {
  const vision = demoClip('onnx/vision_model.onnx');
  const text = demoClip('onnx/text_model.onnx');
  return {
    'README.md': Buffer.from('---\nlicense: mit\n---\n'),
    'config.json': Buffer.from('{"model_type": "clip"}'),
    'preprocessor_config.json': Buffer.from('{"crop_size": 224}'),
    'tokenizer.json': demoClip('tokenizer.json'),
    'pytorch_model.bin': Buffer.alloc(9000),
    'onnx/model.onnx': Buffer.alloc(9000),
    'onnx/vision_model.onnx': vision,
    'onnx/vision_model_fp16.onnx': padded(vision, 10),
    'onnx/text_model.onnx': text,
    'onnx/text_model_fp16.onnx': padded(text, 10),
    'onnx/text_model_q4.onnx': padded(text, 20),
  };
}

function addClip(changes: Record<string, Buffer> = {}, options: { token?: string; isGated?: boolean } = {}) {
  const files = { ...clipFiles(), ...changes };
  hub.repositories.set(CLIP, {
    commits: { [FIRST]: files },
    refs: { main: FIRST },
    license: 'mit',
    ...options,
  });
  return files;
}

/** A detector whose only large file is of this size. */
function addDetector(bytes = 100_000): Buffer {
  const model = padded(rfDetr(), bytes);
  const files = { 'config.json': Buffer.from('{"model_type": "rf_detr"}'), 'onnx/model.onnx': model };
  hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
  return model;
}

const fetches = (): HubCall[] => hub.calls.filter(({ origin }) => origin === 'cdn');
const pulledFile = (name: string, file: string) => readFileSync(path.join(cache, name, file));
const readLock = async () => JSON.parse(await readFile(path.join(cache, LOCK_FILE), 'utf8')) as LockFile;

test('a moving revision is pinned to its commit, and only what the contract and number format need is fetched', async () => {
  const files = addClip();
  const pulled = await pull(`hf:${CLIP}`);
  expect(said).toEqual([`hf:${CLIP}: main is ${FIRST}, which is pinned now.`]);
  expect(pulled).toMatchObject({
    name: 'clip-vit-base-patch32',
    contract: 'clip',
    revision: FIRST,
    state: 'pulled',
  });
  const wanted = ['README.md', 'config.json', 'onnx/text_model.onnx', 'onnx/vision_model.onnx'];
  wanted.push('preprocessor_config.json', 'tokenizer.json');
  expect(Object.keys(pulled.files).sort()).toEqual(wanted.sort());
  for (const file of wanted)
    expect(pulledFile(pulled.name, file).equals(files[file] ?? Buffer.of())).toBe(true);
  const { models } = await readLock();
  expect(models[pulled.name]).toMatchObject({
    source: `hf:${CLIP}`,
    revision: FIRST,
    ref: 'main',
    dtypes: ['fp32'],
  });
  expect(models[pulled.name]?.files['onnx/text_model.onnx']?.sha256).toBe(
    sha256(files['onnx/text_model.onnx'] ?? Buffer.of()),
  );
  // Every file was asked for by the commit, none by the name that may move.
  expect(hub.calls.filter((call) => call.path.includes('/resolve/main/'))).toEqual([]);
});

test('a worker picks what was pulled, and knows where it is from', async () => {
  addClip();
  await pull(`hf:${CLIP}`);
  const [choice] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: cache });
  expect(choice?.model).toMatchObject({
    ...{
      id: 'clip-vit-base-patch32',
      origin: 'export',
      licence: 'mit',
      source: `hf:${CLIP}`,
      revision: FIRST,
    },
    ...{ isDemo: false, inputSize: 224 },
  });
});

test('the token is shown to the hub and to nobody that it redirects to', async () => {
  addClip({}, { token: 'hf_secret' });
  await pull(`hf:${CLIP}`, {}, { HF_TOKEN: 'hf_secret' });
  const shown = (origin: string) =>
    hub.calls.filter((call) => call.origin === origin).map(({ headers }) => headers.authorization);
  expect(new Set(shown('hub'))).toEqual(new Set(['Bearer hf_secret']));
  expect(new Set(shown('cdn'))).toEqual(new Set([undefined]));
  const written = await readFile(path.join(cache, LOCK_FILE), 'utf8');
  expect(written + said.join()).not.toContain('hf_secret');
});

test('pulling again fetches nothing, and a hub that has moved on changes nothing until --update says so', async () => {
  const model = addDetector();
  await pull(`hf:${DETECTOR}`);
  const before = await realpath(path.join(cache, 'rfdetr_medium-ONNX'));
  const newer = padded(rfDetr(), 100_000, 'n');
  const repository = hub.repositories.get(DETECTOR);
  const old = repository?.commits[FIRST] ?? {};
  Object.assign(repository?.commits ?? {}, { [SECOND]: { ...old, 'onnx/model.onnx': newer } });
  Object.assign(repository?.refs ?? {}, { main: SECOND });
  hub.calls.length = 0;

  expect(await pull(`hf:${DETECTOR}`)).toMatchObject({ state: 'unchanged', revision: FIRST });
  expect(await pull(`hf:${DETECTOR}@main`)).toMatchObject({ state: 'unchanged', revision: FIRST });
  expect(fetches()).toEqual([]);
  await expect(pull(`hf:${DETECTOR}@${SECOND}`)).rejects.toThrow(
    `rfdetr_medium-ONNX is pinned at ${FIRST} (main when it was pulled). --update replaces it by ${SECOND}.`,
  );

  expect(await pull(`hf:${DETECTOR}`, { isUpdate: true })).toMatchObject({
    state: 'pulled',
    revision: SECOND,
  });
  expect(pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(newer)).toBe(true);
  // A worker that runs the old version finds its files as they were.
  expect((await readFile(path.join(before, 'onnx/model.onnx'))).equals(model)).toBe(true);
  expect(fetches()).toHaveLength(1);
});

test('another number format joins the first, which is not fetched again', async () => {
  addClip();
  await pull(`hf:${CLIP}`);
  hub.calls.length = 0;
  const pulled = await pull(`hf:${CLIP}`, { dtypes: ['fp16'] });
  expect(pulled.dtypes).toEqual(['fp32', 'fp16']);
  expect(fetches()).toHaveLength(2);
  expect(existsSync(path.join(cache, pulled.name, 'onnx/vision_model.onnx'))).toBe(true);
  const env = { SPILLWAY_MODELS_CACHE: cache, SPILLWAY_MODELS_DTYPE: 'fp16' };
  const [choice] = await chooseForWorker('clip', env);
  expect(choice?.model.files.vision).toMatch(/vision_model_fp16\.onnx$/);
  const [usual] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: cache });
  expect(usual?.model.files.vision).toMatch(/vision_model\.onnx$/);
});

test('weights in one number format only are what a worker takes when nobody says more', async () => {
  addClip();
  await pull(`hf:${CLIP}`, { dtypes: ['fp16'] });
  const [choice] = await chooseForWorker('clip', { SPILLWAY_MODELS_CACHE: cache });
  expect(choice?.model).toMatchObject({ dtype: 'fp16' });
  await expect(
    chooseForWorker('clip', { SPILLWAY_MODELS_DIR: cache, SPILLWAY_MODELS_DTYPE: 'int8', HOME: '/none' }),
  ).rejects.toThrow(/no int8 weights .*It has fp16: SPILLWAY_MODELS_DTYPE=fp16 takes those/);
});

test('a number format that is not there is refused with those that are, and half of one does not count', async () => {
  addClip();
  const wanted = pull(`hf:${CLIP}`, { dtypes: ['int8'] });
  await expect(wanted).rejects.toThrow(/hf:Xenova\/.* has no int8 weights\. It has fp32, fp16\./);
  expect(await pull(`hf:${CLIP}`, { isAll: true })).toMatchObject({ dtypes: ['fp32', 'fp16'] });
});

test('weights outside the .onnx file come along, whatever they are called', async () => {
  const names = { usual: 'model.onnx_data', odd: 'all the weights.bin' };
  const model = withExternalWeight(withExternalWeight(rfDetr(), names.usual, 8000), names.odd, 6000);
  const files = {
    'onnx/model.onnx': model,
    [`onnx/${names.usual}`]: Buffer.alloc(8000),
    [`onnx/${names.odd}`]: Buffer.alloc(6000, 1),
    'onnx/other.bin': Buffer.alloc(7000),
  };
  hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
  const pulled = await pull(`hf:${DETECTOR}`);
  expect(Object.keys(pulled.files).sort()).toEqual(
    Object.keys(files)
      .filter((file) => file !== 'onnx/other.bin')
      .sort(),
  );
});

test('SAM 3 is told from SAM 2 by what lies beside it', async () => {
  const files = {
    'config.json': Buffer.from('{"model_type": "sam3_tracker"}'),
    'onnx/vision_encoder.onnx': samFile('onnx/vision_encoder.onnx'),
    'onnx/prompt_encoder_mask_decoder.onnx': samFile('onnx/prompt_encoder_mask_decoder.onnx'),
  };
  hub.repositories.set('onnx-community/seg', { commits: { [FIRST]: files }, refs: { main: FIRST } });
  expect(await pull('hf:onnx-community/seg')).toMatchObject({ contract: 'sam3-tracker' });
});

test('what fits no contract is refused with the difference, and nothing of it is left to be found', async () => {
  addClip({ 'onnx/vision_model.onnx': rfDetr() });
  await expect(pull(`hf:${CLIP}`)).rejects.toThrow(
    /fits no contract .*vision_model\.onnx \(as clip\) does not fit its contract: input "pixel_values" is missing/,
  );
  expect((await readdir(cache)).filter((name) => !name.startsWith('.'))).toEqual([]);
});

test.each([
  [{ 'model.safetensors': Buffer.of(1) }, /holds PyTorch weights, which ONNX Runtime cannot load/],
  [
    { 'onnx/odd.onnx': Buffer.of(1), 'x.txt': Buffer.of(1) },
    /Its \.onnx files: onnx\/odd\.onnx\. Workers know: rf-detr/,
  ],
])(
  'a repository without a model that a worker knows is refused with what it holds',
  async (files, sentence) => {
    hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
    await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(sentence);
  },
);

test('names that lead out of the folder are refused before anything is written', async () => {
  addDetector();
  const files = hub.repositories.get(DETECTOR)?.commits[FIRST] ?? {};
  Object.assign(files, { '../../escaped.json': Buffer.from('{}') });
  await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(/lists a file "\.\.\/\.\.\/escaped\.json"/);
  expect(existsSync(path.join(cache, '.pulling'))).toBe(false);
});

test.each([
  [
    'no such model',
    'hf:acme/none',
    {},
    /acme\/none does not exist or is not public \(HTTP 401\)\. .*set HF_TOKEN/,
  ],
  ['a wrong token', `hf:${CLIP}`, { HF_TOKEN: 'other' }, /There is no model Xenova\/clip/],
  ['no such revision', `hf:${DETECTOR}@v9`, {}, /acme\/rfdetr_medium-ONNX has no revision v9\./],
])('%s', async (_title, source, env, sentence) => {
  addClip({}, { token: 'hf_secret' });
  addDetector();
  await expect(pull(source, {}, env)).rejects.toThrow(sentence);
});

test('a gated model says where its terms are accepted', async () => {
  addClip({}, { token: 'hf_allowed', isGated: true });
  await expect(pull(`hf:${CLIP}`)).rejects.toThrow(
    `Accept its terms at ${hub.url}/${CLIP} and set HF_TOKEN to a token of that account.`,
  );
  await expect(pull(`hf:${CLIP}`, {}, { HF_TOKEN: 'hf_other' })).rejects.toThrow(
    /with the account that HF_TOKEN belongs to/,
  );
});

test('a hub that is busy is asked again when it says, and one that stays so is given up on', async () => {
  addDetector();
  let busy = 2;
  hub.hubFault = (_call, response) => {
    if (busy-- <= 0) return false;
    response.writeHead(429, { 'retry-after': '7' }).end();
    return true;
  };
  const waits: number[] = [];
  const clock = { ...createManualClock(0), sleep: async (ms: number) => void waits.push(ms) };
  await pullModel(request(`hf:${DETECTOR}`), tools({}, { clock }));
  expect(waits).toEqual([7000, 7000]);

  hub.hubFault = (_call, response) => {
    response.writeHead(503).end();
    return true;
  };
  await expect(pull(`hf:${DETECTOR}`, { isUpdate: true })).rejects.toThrow(
    /fails just now \(HTTP 503\)\. Try again later\./,
  );
  // Without --update what is here is good enough.
  expect(await pull(`hf:${DETECTOR}`)).toMatchObject({ state: 'unchanged' });
  expect(said.at(-1)).toMatch(/HTTP 503.*What is here has the pinned hashes\./);
});

test('a connection that breaks is taken up where it broke, as often as it takes', async () => {
  const model = addDetector(300_000);
  hub.cdnFault = (call, response, content) => {
    const start = Number(/bytes=(\d+)-/.exec(call.headers.range ?? '')?.[1] ?? 0);
    const end = Math.min(content.length, start + 100_000);
    const status = start > 0 ? 206 : 200;
    response.writeHead(status, {
      etag: '"one"',
      'content-length': String(content.length - start),
      'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
    });
    response.write(content.subarray(start, end), () =>
      end === content.length ? response.end() : response.socket?.end(),
    );
    return true;
  };
  await pull(`hf:${DETECTOR}`);
  expect(pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(model)).toBe(true);
  const ranges = fetches().map(({ headers }) => [headers.range, headers['if-range']]);
  expect(ranges.length).toBeGreaterThan(2);
  for (const [range, ifRange] of ranges.slice(1)) {
    expect(Number(/bytes=(\d+)-/.exec(String(range))?.[1])).toBeGreaterThan(0);
    expect(ifRange).toBe('"one"');
  }
});

test('a content that changed while it was broken off is begun anew, never mixed', async () => {
  const model = addDetector(200_000);
  let tries = 0;
  hub.cdnFault = (_call, response, content) => {
    tries += 1;
    if (tries > 1) return false;
    response.writeHead(200, { etag: '"old"', 'content-length': String(content.length) });
    response.write(Buffer.alloc(150_000, 'x'), () => response.socket?.end());
    return true;
  };
  await pull(`hf:${DETECTOR}`);
  expect(fetches()[1]?.headers['if-range']).toBe('"old"');
  expect(pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(model)).toBe(true);
});

test.each([
  [
    'other bytes',
    (content: Buffer) => Buffer.alloc(content.length, 'x'),
    /its SHA-256 is [0-9a-f]{64}, and should be/,
  ],
  [
    'too few bytes, calling them all',
    (content: Buffer) => content.subarray(0, 5000),
    /it ended after 5000 of \d+ bytes/,
  ],
  [
    'too many bytes',
    (content: Buffer) => Buffer.concat([content, content]),
    /is longer than the \d+ bytes that were promised/,
  ],
])(
  'an origin that sends %s is refused, and nothing can be found that is not right',
  async (_what, change, sentence) => {
    addDetector();
    hub.cdnFault = (_call, response, content) => {
      response.writeHead(200, { etag: '"liar"' }).end(change(content));
      return true;
    };
    await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(sentence);
    expect(existsSync(path.join(cache, 'rfdetr_medium-ONNX'))).toBe(false);
    expect(existsSync(path.join(cache, LOCK_FILE))).toBe(false);
    hub.cdnFault = undefined;
    await pull(`hf:${DETECTOR}`);
  },
);

test('a small file is compared with its name in git', async () => {
  addDetector();
  hub.hubFault = (call, response) => {
    if (!call.path.endsWith('config.json')) return false;
    response.end('{"model_type": "rf_detR"}');
    return true;
  };
  await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(
    /config\.json: its content is another than the hub's list of files names/,
  );
});

test('a compressed answer is refused', async () => {
  addDetector();
  hub.cdnFault = (_call, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    return true;
  };
  await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(/sends the file compressed \(gzip\)/);
});

test('a redirect to a private address is followed only where the operator opened it', async () => {
  addDetector();
  await expect(pull(`hf:${DETECTOR}`, {}, { SPILLWAY_ALLOW_PRIVATE_URLS: '' })).rejects.toThrow(
    /127\.0\.0\.1:\d+ is not on the public internet\. SPILLWAY_ALLOW_PRIVATE_URLS opens hosts and networks for pulls\./,
  );
  await pull(`hf:${DETECTOR}`);
});

test('offline nothing is asked: what is here and pinned will do, what is missing is named', async () => {
  addClip();
  await pull(`hf:${CLIP}`);
  hub.calls.length = 0;
  const env = { HF_HUB_OFFLINE: '1' };
  expect(await pull(`hf:${CLIP}`, {}, env)).toMatchObject({ state: 'unchanged' });
  await expect(pull(`hf:${CLIP}`, { dtypes: ['fp16'] }, env)).rejects.toThrow(
    "clip-vit-base-patch32 can't be pulled offline: its fp16 weights were not pulled.",
  );
  await expect(pull(`hf:${DETECTOR}`, {}, { SPILLWAY_OFFLINE: 'true' })).rejects.toThrow(
    /pins no model of that name/,
  );
  const text = path.join(cache, 'clip-vit-base-patch32/onnx/text_model.onnx');
  await rm(text);
  await expect(pull(`hf:${CLIP}`, {}, env)).rejects.toThrow(/offline: .*text_model\.onnx is missing/);
  expect(hub.calls).toEqual([]);
});

test('a damaged file is fetched again, and no other', async () => {
  addClip();
  await pull(`hf:${CLIP}`);
  hub.calls.length = 0;
  const file = path.join(cache, 'clip-vit-base-patch32/onnx/text_model.onnx');
  const damaged = Buffer.from(await readFile(file));
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  await writeFile(file, damaged);
  expect(await pull(`hf:${CLIP}`)).toMatchObject({ state: 'pulled', fetchedBytes: damaged.length });
  expect(fetches()).toHaveLength(1);
  expect(readFileSync(file).equals(demoClip('onnx/text_model.onnx'))).toBe(true);
});

test('a lock file brings the same bytes to another machine, or says that they are others', async () => {
  const model = addDetector();
  await pull(`hf:${DETECTOR}`);
  const lockFile = path.join(cache, LOCK_FILE);
  const elsewhere = path.join(cache, 'elsewhere');
  await pull(`hf:${DETECTOR}`, { into: elsewhere, lockFile });
  expect(readFileSync(path.join(elsewhere, 'rfdetr_medium-ONNX/onnx/model.onnx')).equals(model)).toBe(true);
  const other = padded(rfDetr(), 100_000, 'o');
  Object.assign(hub.repositories.get(DETECTOR)?.commits[FIRST] ?? {}, { 'onnx/model.onnx': other });
  await expect(pull(`hf:${DETECTOR}`, { into: path.join(cache, 'third'), lockFile })).rejects.toThrow(
    new RegExp(
      `onnx/model.onnx was changed upstream since it was pinned \\(SHA-256 ${sha256(model)}, now ${sha256(other)}\\)`,
    ),
  );
});

test('a name that is taken is not taken over', async () => {
  addDetector();
  await pull(`hf:${DETECTOR}`);
  hub.repositories.set(
    'other/rfdetr_medium-ONNX',
    hub.repositories.get(DETECTOR) ?? { commits: {}, refs: {} },
  );
  await expect(pull('hf:other/rfdetr_medium-ONNX')).rejects.toThrow(
    /pins rfdetr_medium-ONNX from hf:acme\/.*--name/,
  );
  await pull('hf:other/rfdetr_medium-ONNX', { name: 'second' });
  expect(statSync(path.join(cache, 'second')).isDirectory()).toBe(true);
});

test('more than the disk has room for is refused before anything is fetched', async () => {
  addDetector();
  hub.hubFault = (call, response) => {
    if (!call.path.startsWith('/api/')) return false;
    const lfs = { sha256: 'c'.repeat(64), size: 1e15 };
    const siblings = [{ rfilename: 'onnx/model.onnx', size: 1e15, lfs }, { rfilename: 'README.md' }];
    response.end(JSON.stringify({ sha: FIRST, siblings }));
    return true;
  };
  await expect(pull(`hf:${DETECTOR}`)).rejects.toThrow(
    /^1000\.0 TB are to be fetched, and .* has .* left\.$/,
  );
  expect(fetches()).toEqual([]);
});
