import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import {
  type ArtifactView,
  artifactPageSchema,
  artifactPartsSchema,
  artifactViewSchema,
  type SignedUrl,
  signedPartListSchema,
  signedUrlSchema,
  storageViewSchema,
} from '@spillway/protocol/v1';
import { createClient } from '@spillway/sdk/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

const MIB = 1024 * 1024;
const UPLOADER = path.join(import.meta.dirname, 'fixtures/upload-file.mjs');

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway();
});
afterAll(() => gateway.stop());

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Begins as an MP4 does. */
function newVideo(sizeBytes: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(randomBytes(sizeBytes));
  bytes.write('\0\0\0\x20ftypisom', 0, 'latin1');
  return bytes;
}

const uploadOf = (bytes: Buffer<ArrayBuffer>, mediaType = 'video/mp4') => ({
  ...{ name: 'Ü walk (1).mp4', mediaType, sizeBytes: bytes.length },
  slice: (start: number, end: number) => bytes.subarray(start, end),
});

async function download(id: string): Promise<Response> {
  return fetch((await gateway.client.artifacts.downloadUrl(id)).url);
}

const create = async (body: object, key?: string) =>
  (await (await gateway.call('POST', '/v1/artifacts', body, key)).json()) as ArtifactView & {
    code?: string;
    detail?: string;
  };

async function newKey(scope = 'client'): Promise<string> {
  const reply = await gateway.call('POST', '/v1/keys', { name: 'test', scope });
  return ((await reply.json()) as { key: string }).key;
}

test('a small file goes in one piece and comes back as it was, under its own name', async () => {
  const bytes = newVideo(100_000);
  const artifact = await gateway.client.artifacts.upload(uploadOf(bytes));
  expect(artifact).toMatchObject({ state: 'ready', name: 'Ü walk (1).mp4', sizeBytes: 100_000 });
  expect(artifact.key).toMatch(/^uploads\/video_[a-z0-9]{32}\.mp4$/);
  const reply = await download(artifact.id);
  expect(reply.headers.get('content-disposition')).toContain("filename*=UTF-8''%C3%9C%20walk%20%281%29.mp4");
  expect(sha256(Buffer.from(await reply.arrayBuffer()))).toBe(sha256(bytes));
});

test('a reader that has it already gets no bytes, and HEAD tells of them', async () => {
  const { id } = await gateway.client.artifacts.upload(uploadOf(newVideo(5_000)));
  const { url } = await gateway.client.artifacts.downloadUrl(id);
  const head = await fetch(url, { method: 'HEAD' });
  expect(head.headers.get('content-length')).toBe('5000');
  const again = await fetch(url, { headers: { 'if-none-match': head.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
  const changed = await fetch(url, { headers: { range: 'bytes=0-9', 'if-range': '"another"' } });
  expect(changed.status).toBe(200);
});

test('a large file goes in parts, over a restart of the gateway', async () => {
  const bytes = newVideo(40 * MIB + 7);
  const { artifacts } = gateway.client;
  const resumeKey = 'walk.mp4 of tuesday';
  const begun = await artifacts.create({
    name: 'walk.mp4',
    mediaType: 'video/mp4',
    sizeBytes: bytes.length,
    resumeKey,
  });
  expect(begun.multipart).toEqual({ partSizeBytes: 8 * MIB, partCount: 6 });
  const { parts } = await artifacts.signParts(begun.id, [2]);
  for (const { request } of parts)
    await fetch(request.url, { method: 'PUT', body: bytes.subarray(8 * MIB, 16 * MIB) });
  await gateway.restart();
  const seen: number[] = [];
  const artifact = await gateway.client.artifacts.upload(uploadOf(bytes), {
    resumeKey,
    onProgress: ({ sentBytes }) => seen.push(sentBytes),
  });
  expect(artifact.id).toBe(begun.id);
  expect(seen[0]).toBe(8 * MIB);
  expect(seen.at(-1)).toBe(bytes.length);
  expect(sha256(Buffer.from(await (await download(artifact.id)).arrayBuffer()))).toBe(sha256(bytes));
});

test('an uploader that is killed goes on where it was, and sends nothing again that had arrived', async () => {
  const file = path.join(gateway.folder, 'long.mp4');
  const bytes = newVideo(96 * MIB);
  await writeFile(file, bytes);
  const run = (killAtBytes: number) =>
    new Promise<{ sentBytes: number; resumedBytes: number; artifact?: ArtifactView }>((resolve, reject) => {
      const child = spawn(process.execPath, [UPLOADER, `${gateway.url}/v2`, ADMIN_KEY, file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let last = { sentBytes: 0, resumedBytes: 0 };
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) last = { ...last, ...JSON.parse(line).progress, ...JSON.parse(line) };
        if (last.sentBytes >= killAtBytes) child.kill('SIGKILL');
      });
      child.on('error', reject);
      child.on('close', () => resolve(last));
    });
  const first = await run(16 * MIB);
  expect(first.artifact).toBeUndefined();
  const second = await run(Number.POSITIVE_INFINITY);
  expect(second.resumedBytes).toBeGreaterThanOrEqual(first.sentBytes);
  const { artifact } = second;
  expect(artifact).toMatchObject({ state: 'ready', sizeBytes: bytes.length });
  expect(sha256(Buffer.from(await (await download(artifact?.id ?? '')).arrayBuffer()))).toBe(sha256(bytes));
});

test('an upload that is not what was announced is told so and kept nowhere', async () => {
  const words = Buffer.from('<!doctype html><script>alert(1)</script>');
  await expect(gateway.client.artifacts.upload(uploadOf(words))).rejects.toThrow(
    /video\/mp4 was announced, but its first bytes are those of a web page/,
  );
  const lie = await create({ name: 'a.mp4', sizeBytes: 10 });
  const sent = await fetch(lie.upload?.url ?? '', { method: 'PUT', body: 'eleven byte' });
  expect(sent.status).toBe(400);
  expect(((await sent.json()) as { detail: string }).detail).toContain('exactly 10 bytes');
  const early = await gateway.call('POST', `/v1/artifacts/${lie.id}/complete`, {});
  expect(early.status).toBe(409);
});

test('a key sees its own artifacts only, an admin all, a viewer none', async () => {
  const [mine, other] = [await newKey(), await newKey()];
  const artifact = await create({ name: 'a.txt', sizeBytes: 3 }, mine);
  const path = `/v1/artifacts/${artifact.id}`;
  expect((await gateway.call('GET', path, undefined, mine)).status).toBe(200);
  expect((await gateway.call('GET', path)).status).toBe(200);
  expect((await gateway.call('GET', path, undefined, other)).status).toBe(404);
  expect((await gateway.call('DELETE', path, undefined, other)).status).toBe(404);
  expect((await gateway.call('GET', path, undefined, await newKey('viewer'))).status).toBe(403);
});

test('another resume key, or the same of another key, begins another upload', async () => {
  const wanted = { name: 'a.mp4', sizeBytes: 50 * MIB, resumeKey: 'same' };
  const first = await create(wanted);
  expect((await create(wanted)).id).toBe(first.id);
  expect((await create(wanted, await newKey())).id).not.toBe(first.id);
  const larger = await create({ ...wanted, sizeBytes: 51 * MIB });
  expect(larger.id).not.toBe(first.id);
  expect((await gateway.call('GET', `/v1/artifacts/${first.id}`)).status).toBe(404);
});

test('calls for one resume key at once begin one upload', async () => {
  const key = await newKey();
  const wanted = { name: 'a.mp4', sizeBytes: 50 * MIB, resumeKey: 'at once' };
  const begun = await Promise.all([1, 2, 3].map(() => create(wanted, key)));
  expect(new Set(begun.map(({ id }) => id)).size).toBe(1);
  const storage = await gateway.call('GET', '/v1/storage', undefined, key);
  expect(await storage.json()).toMatchObject({ own: { bytes: 50 * MIB, artifacts: 1 } });
});

test('a part whose upload is aborted while its bytes come is told so', async () => {
  const begun = await create({ name: 'a.mp4', sizeBytes: 40 * MIB });
  const { parts } = await gateway.client.artifacts.signParts(begun.id, [1]);
  const part = request(parts[0]?.request.url ?? '', {
    ...{ method: 'PUT', headers: { 'content-length': 8 * MIB } },
  });
  const answered = once(part, 'response') as Promise<[IncomingMessage]>;
  await new Promise((resolve) => part.write(newVideo(4 * MIB), resolve));
  await gateway.client.artifacts.delete(begun.id);
  part.end(newVideo(4 * MIB));
  const [reply] = await answered;
  expect(reply.statusCode).toBe(404);
  expect(await json(reply)).toMatchObject({ code: 'UPLOAD_NOT_FOUND' });
});

test('a deleted artifact is gone at once, its URLs with it', async () => {
  const { id } = await gateway.client.artifacts.upload(uploadOf(newVideo(2_000)));
  const { url } = await gateway.client.artifacts.downloadUrl(id);
  await gateway.client.artifacts.delete(id);
  expect((await fetch(url)).status).toBe(404);
  await expect(gateway.client.artifacts.show(id)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
});

test('what is over its time is swept from disk', async () => {
  const { id, key } = await gateway.client.artifacts.upload(uploadOf(newVideo(3_000)));
  const unfinished = await create({ name: 'never.mp4', sizeBytes: 40 * MIB });
  gateway.advance(8 * 86_400_000);
  // The sweep comes with the start, and once a minute.
  await gateway.restart();
  const data = path.join(gateway.folder, '.spillway/artifacts');
  const left = async () => [
    ...(await readdir(path.join(data, 'objects/uploads'))).filter((name) => name === path.basename(key)),
    ...(await readdir(path.join(data, 'uploads'))),
  ];
  while ((await left()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await expect(gateway.client.artifacts.show(id)).rejects.toMatchObject({ status: 404 });
  await expect(gateway.client.artifacts.show(unfinished.id)).rejects.toMatchObject({ status: 404 });
});

test('an upload whose time is over is begun anew, swept or not', async () => {
  const wanted = { name: 'a.mp4', sizeBytes: 40 * MIB, resumeKey: 'a week ago' };
  const { id } = await create(wanted);
  gateway.advance(7 * 86_400_000);
  const anew = await create(wanted);
  expect(anew.id).not.toBe(id);
  expect((await gateway.client.artifacts.parts(anew.id)).parts).toEqual([]);
});

test('what can not be is said with the field', async () => {
  expect(await create({ name: '', sizeBytes: 5 })).toMatchObject({
    code: 'INPUT_INVALID',
    detail: expect.stringContaining('name:'),
  });
  expect(await create({ name: 'a', sizeBytes: -1 })).toMatchObject({
    detail: expect.stringContaining('sizeBytes:'),
  });
  const { id } = await gateway.client.artifacts.upload(uploadOf(newVideo(100)));
  const long = await gateway.call('GET', `/v1/artifacts/${id}/download-url?expiresIn=8d`);
  expect(((await long.json()) as { detail: string }).detail).toContain(
    'expiresIn: expected a duration from 1s to 7d',
  );
});

test('a URL that is asked for again is signed again', async () => {
  const { id } = await gateway.client.artifacts.upload(uploadOf(newVideo(100)));
  const first: SignedUrl = await gateway.client.artifacts.downloadUrl(id, { expiresIn: '1m' });
  gateway.advance(120_000);
  expect((await fetch(first.url)).status).toBe(403);
  expect((await download(id)).status).toBe(200);
});

test('answers fit what the OpenAPI document says of them', async () => {
  const begun = await create({ name: 'a.bin', sizeBytes: 33 * MIB });
  expect(artifactViewSchema.strict().parse(begun)).toEqual(begun);
  const path = `/v1/artifacts/${begun.id}`;
  const ask = async (method: string, target: string, body?: object) =>
    (await gateway.call(method, target, body)).json();
  expect(artifactPartsSchema.parse(await ask('GET', `${path}/parts`)).parts).toEqual([]);
  const signed = signedPartListSchema.parse(await ask('POST', `${path}/parts`, { partNumbers: [1, 5] }));
  expect(signed.parts.map((part) => part.partNumber)).toEqual([1, 5]);
  const refused = await gateway.call('POST', `${path}/upload-url`, {});
  expect(refused.status).toBe(404);
  const small = await create({ name: 'a.bin', sizeBytes: 3 });
  const fresh = signedUrlSchema.strict().parse(await ask('POST', `/v1/artifacts/${small.id}/upload-url`, {}));
  await fetch(fresh.url, { method: fresh.method, headers: fresh.headers, body: 'abc' });
  const ready = await ask('POST', `/v1/artifacts/${small.id}/complete`, {});
  expect(artifactViewSchema.strict().parse(ready)).toMatchObject({ state: 'ready' });
  expect((await gateway.call('DELETE', path)).status).toBe(204);
});

test('a URL that was used, and whose artifact is complete, writes nothing any more', async () => {
  const begun = await create({ name: 'a.txt', mediaType: 'text/plain', sizeBytes: 3 });
  const { url = '', headers = {} } = begun.upload ?? {};
  const send = (body: string) => fetch(url, { method: 'PUT', headers, body });
  expect((await send('abc')).status).toBe(200);
  await gateway.call('POST', `/v1/artifacts/${begun.id}/complete`, {});
  const again = await send('xyz');
  expect(again.status).toBe(412);
  expect(await again.json()).toMatchObject({ code: 'ARTIFACT_EXISTS' });
  expect(await (await download(begun.id)).text()).toBe('abc');
});

test('a client whose answer was lost sends it once more and is done', async () => {
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    const reply = await fetch(input, init);
    if (init?.method !== 'PUT' || lost > 0) return reply;
    lost += 1;
    throw new TypeError('fetch failed');
  };
  const client = createClient({ baseUrl: `${gateway.url}/v2`, apiKey: ADMIN_KEY, fetch: losing });
  const bytes = newVideo(1_000);
  const { id, state } = await client.artifacts.upload(uploadOf(bytes));
  expect([state, lost]).toEqual(['ready', 1]);
  expect(sha256(Buffer.from(await (await download(id)).arrayBuffer()))).toBe(sha256(bytes));
});

test('what is over a quota is refused before a byte is sent, and what is kept is shown', async () => {
  const yaml = 'artifacts: {quota: {total: 3k, perKey: 2k, perArtifact: 1k}}';
  const bounded = await startArtifactGateway({}, yaml);
  const ask = async (method: string, target: string, body?: object, key?: string) => {
    const reply = await bounded.call(method, target, body, key);
    return (await reply.json()) as { code: string; detail: string; id: string; key: string };
  };
  const put = (sizeBytes: number, key?: string) =>
    ask('POST', '/v1/artifacts', { name: 'a', sizeBytes }, key);
  try {
    expect(await put(1025)).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    const [first] = [await put(1024), await put(1024)];
    expect(await put(1)).toMatchObject({
      ...{ status: 413, code: 'QUOTA_EXCEEDED' },
      detail: expect.stringContaining('2.0 kB (2048 bytes) are used, 0 bytes are free'),
    });
    const { key } = await ask('POST', '/v1/keys', { name: 'b', scope: 'client' });
    await put(1000, key);
    expect(await put(25, key)).toMatchObject({ status: 507, code: 'STORAGE_FULL' });
    const other = storageViewSchema.strict().parse(await ask('GET', '/v1/storage', undefined, key));
    expect(other).toMatchObject({ own: { bytes: 1000, artifacts: 1 }, quota: { perKeyBytes: 2048 } });
    expect(other.all).toBeUndefined();
    await bounded.call('DELETE', `/v1/artifacts/${first?.id}`);
    await bounded.restart();
    const all = storageViewSchema.parse(await ask('GET', '/v1/storage'));
    expect(all).toMatchObject({
      ...{ kind: 'disk', all: { bytes: 2024, artifacts: 2 } },
      own: { bytes: 1024, artifacts: 1 },
    });
    expect(await put(1024)).toMatchObject({ state: 'uploading' });
  } finally {
    await bounded.stop();
  }
});

test('artifacts are listed page by page, by prefix, the newest first', async () => {
  const key = await newKey();
  const ids: string[] = [];
  for (const prefix of ['uploads', 'results', 'uploads', 'uploads']) {
    ids.unshift((await create({ name: 'a', sizeBytes: 1, prefix }, key)).id);
    gateway.advance(1);
  }
  const page = async (query: string) =>
    artifactPageSchema.parse(
      await (await gateway.call('GET', `/v1/artifacts?${query}`, undefined, key)).json(),
    );
  const first = await page('limit=3');
  const rest = await page(`limit=3&cursor=${first.nextCursor}`);
  expect([...first.artifacts, ...rest.artifacts].map(({ id }) => id)).toEqual(ids);
  expect(rest.nextCursor).toBeUndefined();
  expect((await page('prefix=results')).artifacts.map(({ id }) => id)).toEqual([ids[2]]);
  const wrong = await gateway.call('GET', '/v1/artifacts?limit=0', undefined, key);
  expect(await wrong.text()).toContain('limit: expected a whole number from 1 to 500');
});

test('how long an artifact is kept is what the configuration says for its prefix', async () => {
  const short = await startArtifactGateway({}, 'artifacts: {retention: {results: 2h}}');
  try {
    const bytes = Buffer.from('abc');
    const {
      id,
      readyAt = 0,
      expiresAt,
    } = await short.client.artifacts.upload(
      { name: 'a', sizeBytes: 3, slice: () => new Uint8Array(bytes) },
      { prefix: 'results' },
    );
    expect(expiresAt - readyAt).toBe(7_200_000);
    short.advance(7_200_000);
    await expect(short.client.artifacts.show(id)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  } finally {
    await short.stop();
  }
});
