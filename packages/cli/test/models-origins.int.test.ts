import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCK_FILE } from '../src/models/pull/lock-file.ts';
import { type PullRequest, pullModel } from '../src/models/pull/pull-model.ts';
import { readPullSettings } from '../src/models/pull/settings.ts';
import { parseSource } from '../src/models/pull/source.ts';
import { listen, sendRanged, sha256 } from './fake-hub.ts';
import { type FakeS3, S3_KEYS, startFakeS3 } from './fake-s3.ts';
import { demoClip, padded, rfDetr, withExternalWeight } from './model-bytes.ts';

/** Pulls from S3 and from plain web servers. */
let cache: string;
let s3: FakeS3;
let web: Server;
let files: Map<string, Buffer>;

beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'spillway-origins-'));
  s3 = await startFakeS3();
  files = new Map();
  web = await listen((request, response) => {
    const content = files.get(decodeURIComponent(request.url?.split('?')[0] ?? ''));
    const call = { method: request.method ?? '', headers: request.headers };
    if (content === undefined) response.writeHead(404).end();
    else sendRanged(call, response, content, `"${sha256(content).slice(0, 8)}"`);
  });
});
afterEach(async () => {
  await s3.close();
  web.closeAllConnections();
  await new Promise((resolve) => web.close(resolve));
  await rm(cache, { recursive: true, force: true });
});

function pull(source: string, env: Record<string, string> = {}, changes: Partial<PullRequest> = {}) {
  const settings = readPullSettings(env);
  const view = { say: () => {}, progress: () => {}, done: () => {}, close: () => {} };
  const clock = {
    ...createSystemClock(),
    sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const request = {
    source: parseSource(source),
    into: cache,
    lockFile: path.join(cache, LOCK_FILE),
    ...changes,
  };
  return pullModel(request, { settings, clock, random: () => 0, signal: new AbortController().signal, view });
}

const s3Env = () => ({ ...S3_KEYS, AWS_ENDPOINT_URL: s3.url });

function addClipToBucket(): void {
  for (const file of ['onnx/vision_model.onnx', 'onnx/text_model.onnx', 'tokenizer.json']) {
    s3.objects.set(`models/team a/clip/${file}`, demoClip(file));
  }
  s3.objects.set('models/team a/clip/notes & plans.txt', Buffer.from('not for workers'));
  s3.objects.set('models/team a/clip/onnx/', Buffer.of());
  s3.objects.set('models/team a/clip-other/onnx/model.onnx', rfDetr());
}

test('a folder of a bucket is listed over its pages, signed for, and pulled', async () => {
  addClipToBucket();
  const pulled = await pull('s3://models/team a/clip', s3Env());
  expect(Object.keys(pulled.files).sort()).toEqual([
    'onnx/text_model.onnx',
    'onnx/vision_model.onnx',
    'tokenizer.json',
  ]);
  const text = readFileSync(path.join(cache, 'clip/onnx/text_model.onnx'));
  expect(text.equals(demoClip('onnx/text_model.onnx'))).toBe(true);
  const card = JSON.parse(await readFile(path.join(cache, 'clip/model.json'), 'utf8'));
  expect(card).toMatchObject({
    id: 'clip',
    contract: 'clip',
    source: 's3://models/team a/clip',
    licence: 'unknown',
  });
  expect(JSON.stringify(card) + (await readFile(path.join(cache, LOCK_FILE), 'utf8'))).not.toContain(
    'secret',
  );
});

test('R2 is called by its account, with its own variables', () => {
  const env = { R2_ACCOUNT_ID: 'abc', R2_ACCESS_KEY_ID: 'id', R2_SECRET_ACCESS_KEY: 'key' };
  expect(readPullSettings(env).s3).toMatchObject({
    ...{
      endpoint: 'https://abc.r2.cloudflarestorage.com',
      region: 'auto',
      accessKeyId: 'id',
      secretAccessKey: 'key',
    },
  });
});

test('an object that was changed since it was pinned is refused until --update says otherwise', async () => {
  addClipToBucket();
  await pull('s3://models/team a/clip', s3Env());
  expect(await pull('s3://models/team a/clip', s3Env())).toMatchObject({ state: 'unchanged' });
  const newer = demoClip('onnx/text_model.onnx');
  s3.objects.set('models/team a/clip/onnx/text_model.onnx', padded(newer, 0));
  await expect(pull('s3://models/team a/clip', s3Env())).rejects.toThrow(
    /clip: onnx\/text_model\.onnx was changed upstream since it was pinned \(.*\)\. What is here stays as it is; --update/,
  );
  await pull('s3://models/team a/clip', s3Env(), { isUpdate: true });
  expect(readFileSync(path.join(cache, 'clip/onnx/text_model.onnx')).equals(padded(newer, 0))).toBe(true);
});

test.each([
  [{}, /needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/],
  [{ ...S3_KEYS, AWS_ACCESS_KEY_ID: 'OTHER' }, /does not know the key in AWS_ACCESS_KEY_ID/],
  [
    { ...S3_KEYS, AWS_SECRET_ACCESS_KEY: 'wrong' },
    /AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID/,
  ],
])('keys that are missing or wrong are told apart', async (keys, sentence) => {
  addClipToBucket();
  await expect(pull('s3://models/team a/clip', { ...keys, AWS_ENDPOINT_URL: s3.url })).rejects.toThrow(
    sentence,
  );
});

test('an empty folder of a bucket is told', async () => {
  await expect(pull('s3://models/none', s3Env())).rejects.toThrow(
    'There is nothing below s3://models/none/.',
  );
});

const webUrl = (place: string) => `http://127.0.0.1:${(web.address() as AddressInfo).port}${place}`;

/** A folder as `spillway models add` makes them, on a web server. */
function addFolder(place: string, changes: Record<string, unknown> = {}): void {
  const model = padded(rfDetr(), 50_000);
  const card = {
    ...{
      id: 'walls-7',
      contract: 'rf-detr',
      variant: 'small',
      demo: false,
      licence: 'mine',
      source: 'training 7',
    },
    labels: { 1: 'crack' },
    roles: { model: 'walls.onnx' },
    files: { 'walls.onnx': { sha256: sha256(model), bytes: model.length } },
    ...changes,
  };
  files.set(`${place}/model.json`, Buffer.from(JSON.stringify(card)));
  files.set(`${place}/walls.onnx`, model);
}

test('a folder on the web comes by its model.json, whose hashes it must have', async () => {
  addFolder('/models/walls');
  const url = webUrl('/models/walls');
  expect(await pull(url)).toMatchObject({ name: 'walls', contract: 'rf-detr', source: url });
  const card = JSON.parse(await readFile(path.join(cache, 'walls/model.json'), 'utf8'));
  expect(card).toMatchObject({ id: 'walls-7', labels: { 1: 'crack' }, licence: 'mine', source: url });
  // The card's own address, or its folder's with a slash, is the same model.
  expect(await pull(`${url}/model.json`)).toMatchObject({ state: 'unchanged' });
  expect(await pull(`${url}/`)).toMatchObject({ state: 'unchanged' });

  files.set('/models/walls/walls.onnx', padded(rfDetr(), 50_000, 'x'));
  await expect(pull(url, {}, { name: 'second' })).rejects.toThrow(
    /walls\.onnx: its SHA-256 is .* and should be/,
  );
  expect(existsSync(path.join(cache, 'second'))).toBe(false);
});

test.each([
  [{ files: { '../x.onnx': { sha256: 'a'.repeat(64), bytes: 1 } } }, /files.*inside the model folder/],
  [{ contract: 'yolo' }, /model\.json: contract: /],
])('a card on the web that is wrong is refused with its field', async (changes, sentence) => {
  addFolder('/models/walls', changes);
  await expect(pull(webUrl('/models/walls'))).rejects.toThrow(sentence);
});

test('a folder without a card is told what it lacks', async () => {
  await expect(pull(webUrl('/models/none'))).rejects.toThrow(
    /There is no http.*\/models\/none\/model\.json: a folder is pulled by/,
  );
});

test('a single file on the web is known from the inside, and comes with the weights that it keeps beside it', async () => {
  files.set('/dl/my model.onnx', withExternalWeight(rfDetr(), 'my model.weights', 5000));
  files.set('/dl/my model.weights', Buffer.alloc(5000));
  const pulled = await pull(webUrl('/dl/my%20model.onnx?token=secret'));
  expect(pulled).toMatchObject({ name: 'my-model', contract: 'rf-detr' });
  expect(Object.keys(pulled.files).sort()).toEqual(['my model.onnx', 'my model.weights']);
  expect(await readFile(path.join(cache, LOCK_FILE), 'utf8')).not.toContain('secret');
  expect(await pull(webUrl('/dl/my%20model.onnx'))).toMatchObject({ state: 'unchanged' });
  files.set('/dl/my model.onnx', padded(rfDetr(), 3));
  await expect(pull(webUrl('/dl/my%20model.onnx'))).rejects.toThrow(/my model\.onnx was changed upstream/);
});

/** A disk of its own, which takes root on Linux. */
function mountDisk(place: string, size: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place]).status === 0;
}

test('a disk that fills up is told as such, and with more room the pull goes on where it stopped', async ({
  skip,
}) => {
  const disk = path.join(cache, 'disk');
  mkdirSync(disk);
  if (!mountDisk(disk, '1m')) {
    console.warn('SKIPPED: a small file system can’t be mounted here (it takes root on Linux)');
    skip();
  }
  try {
    const model = padded(rfDetr(), 3_000_000);
    const ranges: (string | undefined)[] = [];
    // Says no size, so nothing can be known before.
    const server = await listen((request, response) => {
      ranges.push(request.headers.range);
      if (request.method === 'HEAD') response.writeHead(405).end();
      else if (request.headers.range === undefined) {
        response.writeHead(200, { etag: '"1"', 'transfer-encoding': 'chunked' }).end(model);
      } else sendRanged({ method: 'GET', headers: request.headers }, response, model, '"1"');
    });
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/walls.onnx`;
      const into = { into: disk, lockFile: path.join(cache, 'lock.json') };
      await expect(pull(url, {}, into)).rejects.toThrow(
        "walls.onnx can't be kept: the disk is full. What has come so far stays: free some space and pull again.",
      );
      spawnSync('mount', ['-o', 'remount,size=16m', disk]);
      await pull(url, {}, into);
      expect(Number(/bytes=(\d+)-/.exec(ranges.at(-1) ?? '')?.[1])).toBeGreaterThan(500_000);
      expect(readFileSync(path.join(disk, 'walls/walls.onnx')).equals(model)).toBe(true);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  } finally {
    spawnSync('umount', [disk]);
  }
});
