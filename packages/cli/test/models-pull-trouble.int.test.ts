// Pulls from a hub that go wrong: what is refused, what is taken up again, and the sentence that says so.
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCK_FILE } from '../src/models/pull/lock-file.ts';
import { pullModel } from '../src/models/pull/pull-model.ts';
import { demoClip, rfDetr } from './model-bytes.ts';
import { CLIP, DETECTOR, FIRST, openPullBench, type PullBench } from './pull-bench.ts';

let bench: PullBench;
beforeEach(async () => {
  bench = await openPullBench();
});
afterEach(() => bench.close());

test('the token is shown to the hub and to nobody that it redirects to', async () => {
  bench.addClip({}, { token: 'hf_secret' });
  await bench.pull(`hf:${CLIP}`, {}, { HF_TOKEN: 'hf_secret' });
  const shown = (origin: string) =>
    bench.hub.calls.filter((call) => call.origin === origin).map(({ headers }) => headers.authorization);
  expect(new Set(shown('hub'))).toEqual(new Set(['Bearer hf_secret']));
  expect(new Set(shown('cdn'))).toEqual(new Set([undefined]));
  const written = await readFile(path.join(bench.cache, LOCK_FILE), 'utf8');
  expect(written + bench.said.join()).not.toContain('hf_secret');
});

test('what fits no contract is refused with the difference, and nothing of it is left to be found', async () => {
  bench.addClip({ 'onnx/vision_model.onnx': rfDetr() });
  await expect(bench.pull(`hf:${CLIP}`)).rejects.toThrow(
    /fits no contract .*vision_model\.onnx \(as clip\) does not fit its contract: input "pixel_values" is missing/,
  );
  expect((await readdir(bench.cache)).filter((name) => !name.startsWith('.'))).toEqual([]);
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
    bench.hub.repositories.set(DETECTOR, { commits: { [FIRST]: files }, refs: { main: FIRST } });
    await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(sentence);
  },
);

test('names that lead out of the folder are refused before anything is written', async () => {
  bench.addDetector();
  const files = bench.hub.repositories.get(DETECTOR)?.commits[FIRST] ?? {};
  Object.assign(files, { '../../escaped.json': Buffer.from('{}') });
  await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(/lists a file "\.\.\/\.\.\/escaped\.json"/);
  expect(existsSync(path.join(bench.cache, '.pulling'))).toBe(false);
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
  bench.addClip({}, { token: 'hf_secret' });
  bench.addDetector();
  await expect(bench.pull(source, {}, env)).rejects.toThrow(sentence);
});

test('a gated model says where its terms are accepted', async () => {
  bench.addClip({}, { token: 'hf_allowed', isGated: true });
  await expect(bench.pull(`hf:${CLIP}`)).rejects.toThrow(
    `Accept its terms at ${bench.hub.url}/${CLIP} and set HF_TOKEN to a token of that account.`,
  );
  await expect(bench.pull(`hf:${CLIP}`, {}, { HF_TOKEN: 'hf_other' })).rejects.toThrow(
    /with the account that HF_TOKEN belongs to/,
  );
});

test('a hub that is busy is asked again when it says, and one that stays so is given up on', async () => {
  bench.addDetector();
  let busy = 2;
  bench.hub.hubFault = (_call, response) => {
    if (busy-- <= 0) return false;
    response.writeHead(429, { 'retry-after': '7' }).end();
    return true;
  };
  const waits: number[] = [];
  const clock = { ...createManualClock(0), sleep: async (ms: number) => void waits.push(ms) };
  await pullModel(bench.request(`hf:${DETECTOR}`), bench.tools({}, { clock }));
  expect(waits).toEqual([7000, 7000]);

  bench.hub.hubFault = (_call, response) => {
    response.writeHead(503).end();
    return true;
  };
  await expect(bench.pull(`hf:${DETECTOR}`, { isUpdate: true })).rejects.toThrow(
    /fails just now \(HTTP 503\)\. Try again later\./,
  );
  // Without --update what is here is good enough.
  expect(await bench.pull(`hf:${DETECTOR}`)).toMatchObject({ state: 'unchanged' });
  expect(bench.said.at(-1)).toMatch(/HTTP 503.*What is here has the pinned hashes\./);
});

test('a connection that breaks is taken up where it broke, as often as it takes', async () => {
  const model = bench.addDetector(300_000);
  bench.hub.cdnFault = (call, response, content) => {
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
  await bench.pull(`hf:${DETECTOR}`);
  expect(bench.pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(model)).toBe(true);
  const ranges = bench.fetches().map(({ headers }) => [headers.range, headers['if-range']]);
  expect(ranges.length).toBeGreaterThan(2);
  for (const [range, ifRange] of ranges.slice(1)) {
    expect(Number(/bytes=(\d+)-/.exec(String(range))?.[1])).toBeGreaterThan(0);
    expect(ifRange).toBe('"one"');
  }
});

test('a content that changed while it was broken off is begun anew, never mixed', async () => {
  const model = bench.addDetector(200_000);
  let tries = 0;
  bench.hub.cdnFault = (_call, response, content) => {
    tries += 1;
    if (tries > 1) return false;
    response.writeHead(200, { etag: '"old"', 'content-length': String(content.length) });
    response.write(Buffer.alloc(150_000, 'x'), () => response.socket?.end());
    return true;
  };
  await bench.pull(`hf:${DETECTOR}`);
  expect(bench.fetches()[1]?.headers['if-range']).toBe('"old"');
  expect(bench.pulledFile('rfdetr_medium-ONNX', 'onnx/model.onnx').equals(model)).toBe(true);
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
    bench.addDetector();
    bench.hub.cdnFault = (_call, response, content) => {
      response.writeHead(200, { etag: '"liar"' }).end(change(content));
      return true;
    };
    await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(sentence);
    expect(existsSync(path.join(bench.cache, 'rfdetr_medium-ONNX'))).toBe(false);
    expect(existsSync(path.join(bench.cache, LOCK_FILE))).toBe(false);
    bench.hub.cdnFault = undefined;
    await bench.pull(`hf:${DETECTOR}`);
  },
);

test('a small file is compared with its name in git', async () => {
  bench.addDetector();
  bench.hub.hubFault = (call, response) => {
    if (!call.path.endsWith('config.json')) return false;
    response.end('{"model_type": "rf_detR"}');
    return true;
  };
  await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(
    /config\.json: its content is another than the hub's list of files names/,
  );
});

test('a compressed answer is refused', async () => {
  bench.addDetector();
  bench.hub.cdnFault = (_call, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    return true;
  };
  await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(/sends the file compressed \(gzip\)/);
});

test('a redirect to a private address is followed only where the operator opened it', async () => {
  bench.addDetector();
  await expect(bench.pull(`hf:${DETECTOR}`, {}, { SPILLWAY_ALLOW_PRIVATE_URLS: '' })).rejects.toThrow(
    /127\.0\.0\.1:\d+ is not on the public internet\. SPILLWAY_ALLOW_PRIVATE_URLS opens hosts and networks for pulls\./,
  );
  await bench.pull(`hf:${DETECTOR}`);
});

test('a damaged file is fetched again, and no other', async () => {
  bench.addClip();
  await bench.pull(`hf:${CLIP}`);
  bench.hub.calls.length = 0;
  const file = path.join(bench.cache, 'clip-vit-base-patch32/onnx/text_model.onnx');
  const damaged = Buffer.from(await readFile(file));
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  await writeFile(file, damaged);
  expect(await bench.pull(`hf:${CLIP}`)).toMatchObject({ state: 'pulled', fetchedBytes: damaged.length });
  expect(bench.fetches()).toHaveLength(1);
  expect(readFileSync(file).equals(demoClip('onnx/text_model.onnx'))).toBe(true);
});

test('more than the disk has room for is refused before anything is fetched', async () => {
  bench.addDetector();
  bench.hub.hubFault = (call, response) => {
    if (!call.path.startsWith('/api/')) return false;
    const lfs = { sha256: 'c'.repeat(64), size: 1e15 };
    const siblings = [{ rfilename: 'onnx/model.onnx', size: 1e15, lfs }, { rfilename: 'README.md' }];
    response.end(JSON.stringify({ sha: FIRST, siblings }));
    return true;
  };
  await expect(bench.pull(`hf:${DETECTOR}`)).rejects.toThrow(
    /^1000\.0 TB are to be fetched, and .* has .* left\.$/,
  );
  expect(bench.fetches()).toEqual([]);
});
