import { createHash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ArtifactStore, SignedRequest, UploadRef } from '../src/artifact-store.ts';
import { planParts } from '../src/part-plan.ts';

const MIB = 1024 * 1024;

export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** Does what a signed request says, as a client without any key would. */
  send(
    request: SignedRequest,
    change?: { body?: Uint8Array; headers?: Record<string, string>; method?: string },
  ): Promise<Response>;
  /** Makes every URL that was signed so far too old, where the store's clock can be moved. */
  expireUrls?(): Promise<void>;
  /** How often one key is written over where many times are asked for (default 40); fewer where a write takes a second. */
  readonly overwrites?: number;
}

/** Sends it to where its URL points. */
export const sendAsSigned: StoreUnderTest['send'] = (request, { method, headers, body } = {}) =>
  fetch(request.url, {
    method: method ?? request.method,
    headers: { ...request.headers, ...headers },
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
  });

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing thrown',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );

/** A server may hang up on what it refuses. */
const isTaken = (sent: Promise<Response>) =>
  sent.then(
    ({ ok }) => ok,
    () => false,
  );

/** What every store owes its callers. */
export function artifactStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let under: StoreUnderTest;
    let store: ArtifactStore;
    const body = randomBytes(50_000);
    const video = { mediaType: 'video/mp4', sizeBytes: body.length };
    beforeAll(async () => {
      under = await open();
      store = under.store;
    });
    const put = (key: string, bytes: Uint8Array = body) =>
      store.put(key, chunksOf(bytes), { mediaType: 'video/mp4', sizeBytes: bytes.length });
    async function begin(key: string, sizeBytes: number): Promise<UploadRef> {
      const plan = planParts(sizeBytes);
      return {
        key,
        ...plan,
        uploadId: await store.multipart.create(key, { ...plan, mediaType: 'video/mp4' }),
      };
    }
    async function sendPart(upload: UploadRef, partNumber: number, bytes: Uint8Array) {
      return under.send(await store.multipart.presignPart(upload, partNumber, { expiresInMs: 60_000 }), {
        body: bytes,
      });
    }

    test('what was put is read back, byte by byte, with its size and media type', async () => {
      const info = await put('uploads/video_put.mp4');
      expect(info).toMatchObject({ key: 'uploads/video_put.mp4', ...video });
      const read = await store.get('uploads/video_put.mp4');
      expect(read.info).toMatchObject(video);
      expect(digest(await bytesOf(read.stream))).toBe(digest(body));
    });

    test('a range brings those bytes and no others', async () => {
      await put('uploads/range.bin');
      const { stream, range } = await store.get('uploads/range.bin', { start: 10, end: 25 });
      expect(range).toEqual({ start: 10, end: 25 });
      expect(await bytesOf(stream)).toEqual(body.subarray(10, 25));
      const tail = await store.get('uploads/range.bin', { start: 49_990, end: 99_999 });
      expect(await bytesOf(tail.stream)).toEqual(body.subarray(49_990));
      expect(await codeOf(store.get('uploads/range.bin', { start: 50_000, end: 50_001 }))).toBe(
        'RANGE_NOT_SATISFIABLE',
      );
    });

    test('what is not there is undefined to look at, an error to read, and nothing to delete', async () => {
      expect(await store.head('uploads/none.mp4')).toBeUndefined();
      expect(await codeOf(store.get('uploads/none.mp4'))).toBe('ARTIFACT_NOT_FOUND');
      await store.delete('uploads/none.mp4');
    });

    test('a deleted artifact is gone', async () => {
      await put('uploads/deleted.bin');
      await store.delete('uploads/deleted.bin');
      expect(await store.head('uploads/deleted.bin')).toBeUndefined();
    });

    test('other bytes under the same key have another etag', async () => {
      const before = await put('status/job_1.json');
      const after = await put('status/job_1.json', randomBytes(50_000));
      expect(after.etag).not.toBe(before.etag);
    });

    test('what is read while it is written over again and again is whole, one or another', async () => {
      const key = 'status/job_busy.json';
      const bytesAt = (turn: number) =>
        Buffer.from(JSON.stringify({ turn, more: 'x'.repeat((turn % 7) * 40) }));
      await put(key, bytesAt(0));
      let isWriting = true;
      const writer = (async () => {
        for (let turn = 1; turn <= (under.overwrites ?? 40); turn += 1) await put(key, bytesAt(turn));
        isWriting = false;
      })();
      const turns: number[] = [];
      while (isWriting) {
        const { stream } = await store.get(key);
        turns.push((JSON.parse(String(await bytesOf(stream))) as { turn: number }).turn);
      }
      await writer;
      expect(turns).toEqual(turns.toSorted((a, b) => a - b));
    });

    test('of two writers who saw the same one writes, and the other is told', async () => {
      const bytes = (text: string) => Buffer.from(text);
      const write = (text: string, ifEtag: string | undefined) =>
        store.put('status/job_raced.json', chunksOf(bytes(text)), {
          ...{ mediaType: 'application/json', sizeBytes: text.length },
          ...(ifEtag === undefined ? { onlyNew: true } : { ifEtag }),
        });
      const first = await write('{"a":1}', undefined);
      expect(await codeOf(write('{"a":2}', undefined))).toBe('ARTIFACT_EXISTS');
      const both = await Promise.all(['{"a":3}', '{"a":4}'].map((text) => codeOf(write(text, first.etag))));
      expect(both.toSorted()).toEqual(['ARTIFACT_CHANGED', 'nothing thrown']);
      const winner = both[0] === 'nothing thrown' ? '{"a":3}' : '{"a":4}';
      const read = await store.get('status/job_raced.json');
      expect(String(await bytesOf(read.stream))).toBe(winner);
      // Whoever wrote goes on from what it was told.
      const third = await write('{"a":5}', read.info.etag);
      await write('{"a":6}', third.etag);
      await store.delete('status/job_raced.json');
      expect(await codeOf(write('{"a":7}', third.etag))).toBe('ARTIFACT_CHANGED');
    });

    test('a signed PUT of an unknown size takes what comes', async () => {
      const terms = { mostBytes: 1_000_000, expiresInMs: 60_000 };
      const request = await store.presignPut('uploads/unknown.mp4', terms);
      expect((await under.send(request, { body })).status).toBe(200);
      const typed = { body: body.subarray(7), headers: { 'content-type': 'video/mp4' } };
      expect((await under.send(request, typed)).status).toBe(200);
      expect(await store.head('uploads/unknown.mp4')).toMatchObject({ sizeBytes: body.length - 7 });
      if (store.kind === 's3') return;
      expect(await isTaken(under.send(request, { body: Buffer.alloc(1_000_001) }))).toBe(false);
      expect(await store.head('uploads/unknown.mp4')).toMatchObject({ sizeBytes: body.length - 7 });
    });

    test('a body that is longer or shorter than said is kept nowhere', async () => {
      const said = { mediaType: 'video/mp4', sizeBytes: 49_999 };
      expect(await codeOf(store.put('uploads/lie.bin', chunksOf(body), said))).toBe('ARTIFACT_MISMATCH');
      const more = { mediaType: 'video/mp4', sizeBytes: 50_001 };
      expect(await codeOf(store.put('uploads/lie.bin', chunksOf(body), more))).toBe('ARTIFACT_MISMATCH');
      expect(await store.head('uploads/lie.bin')).toBeUndefined();
    });

    test('an empty artifact is one', async () => {
      await put('uploads/empty.bin', Buffer.alloc(0));
      const { stream } = await store.get('uploads/empty.bin');
      expect(await bytesOf(stream)).toHaveLength(0);
    });

    test('a list has the keys of its prefix, those in folders too', async () => {
      await put('results/list_a/one.csv');
      await put('results/list_a.pkl');
      await put('results/list_b.pkl');
      const keys: string[] = [];
      for await (const info of store.list('results/list_a')) keys.push(info.key);
      expect(keys.toSorted()).toEqual(['results/list_a.pkl', 'results/list_a/one.csv']);
    });

    test.each([
      '../../etc/passwd',
      'uploads/../../x',
      'uploads/.hidden',
      '/etc/passwd',
      'uploads',
      'uploads//x',
      'uploads/a\0b',
    ])('a key such as %s is refused before anything is touched', async (key) => {
      expect(await codeOf(store.head(key))).toBe('INPUT_INVALID');
      expect(await codeOf(put(key))).toBe('INPUT_INVALID');
      expect(await codeOf(store.delete(key))).toBe('INPUT_INVALID');
      expect(await codeOf(store.presignGet(key, { mediaType: 'a/b', name: 'x', expiresInMs: 1000 }))).toBe(
        'INPUT_INVALID',
      );
    });

    test('a signed PUT takes exactly what it was signed for', async () => {
      const request = await store.presignPut('uploads/signed.mp4', { ...video, expiresInMs: 60_000 });
      expect((await under.send(request, { body })).status).toBe(200);
      expect(await store.head('uploads/signed.mp4')).toMatchObject(video);
      const longer = Buffer.concat([body, body]);
      expect(await isTaken(under.send(request, { body: longer }))).toBe(false);
      expect(await store.head('uploads/signed.mp4')).toMatchObject(video);
    });

    test('what is to be new is never written in place of what is there', async () => {
      const key = 'uploads/once.mp4';
      const request = await store.presignPut(key, { ...video, expiresInMs: 60_000, onlyNew: true });
      expect((await under.send(request, { body })).status).toBe(200);
      const other = randomBytes(body.length);
      expect((await under.send(request, { body: other })).status).toBe(412);
      const again = store.put(key, chunksOf(other), { ...video, onlyNew: true });
      expect(await codeOf(again)).toBe('ARTIFACT_EXISTS');
      expect(digest(await bytesOf((await store.get(key)).stream))).toBe(digest(body));
    });

    test('of two that write what is to be new at once, one does', async () => {
      const key = 'uploads/race.mp4';
      const bodies = [randomBytes(body.length), randomBytes(body.length)];
      const tries = bodies.map((bytes) => store.put(key, chunksOf(bytes), { ...video, onlyNew: true }));
      const ends = await Promise.allSettled(tries);
      const written = bodies.filter((_, index) => ends[index]?.status === 'fulfilled');
      expect(written).toHaveLength(1);
      expect(digest(await bytesOf((await store.get(key)).stream))).toBe(digest(written[0] ?? body));
    });

    test('a signed GET brings the bytes under the name and type of its terms, ranges too', async () => {
      await put('uploads/download.mp4');
      const terms = { mediaType: 'text/plain', name: 'größe "1".txt', expiresInMs: 60_000 };
      const request = await store.presignGet('uploads/download.mp4', terms);
      const whole = await under.send(request);
      expect(whole.status).toBe(200);
      expect(whole.headers.get('content-type')).toBe('text/plain');
      expect(whole.headers.get('content-disposition')).toContain(
        "filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.txt",
      );
      expect(digest(Buffer.from(await whole.arrayBuffer()))).toBe(digest(body));
      const part = await under.send(request, { headers: { range: 'bytes=100-199' } });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe('bytes 100-199/50000');
      expect(Buffer.from(await part.arrayBuffer())).toEqual(body.subarray(100, 200));
      const behind = await under.send(request, { headers: { range: 'bytes=50000-' } });
      expect(behind.status).toBe(416);
    });

    test('a signed URL is good for nothing else: another method, another key, a changed term', async () => {
      await put('uploads/mine.mp4');
      await put('uploads/other.mp4');
      const request = await store.presignGet('uploads/mine.mp4', {
        mediaType: 'video/mp4',
        name: 'x',
        expiresInMs: 60_000,
      });
      expect((await under.send(request, { method: 'PUT', body })).status).toBe(403);
      const other = { ...request, url: request.url.replace('mine.mp4', 'other.mp4') };
      expect((await under.send(other)).status).toBe(403);
      const longer = { ...request, url: request.url.replace(/(xpires=)(\d+)/, '$19$2') };
      expect((await under.send(longer)).status).toBeGreaterThanOrEqual(400);
      expect((await under.send(request)).status).toBe(200);
    });

    test('a signed URL is good for a time, which it says', async ({ skip }) => {
      const { expireUrls } = under;
      if (!expireUrls) return skip('its clock is its own');
      await put('uploads/short.mp4');
      const request = await store.presignGet('uploads/short.mp4', {
        mediaType: 'video/mp4',
        name: 'x',
        expiresInMs: 1000,
      });
      expect((await under.send(request)).status).toBe(200);
      await expireUrls();
      const late = await under.send(request);
      expect(late.status).toBe(403);
      expect(await late.text()).toContain('expired');
    });

    test('an upload in parts goes on with the parts that are missing', async () => {
      const whole = randomBytes(17 * MIB + 5);
      const upload = await begin('uploads/video_parts.mp4', whole.length);
      expect(upload.partSizeBytes).toBe(8 * MIB);
      const slice = (number: number) => whole.subarray((number - 1) * 8 * MIB, number * 8 * MIB);
      // In any order, as several connections bring them.
      expect((await sendPart(upload, 3, slice(3))).status).toBe(200);
      expect((await sendPart(upload, 1, slice(1))).status).toBe(200);
      expect(
        (await store.multipart.listParts(upload)).map((part) => [part.partNumber, part.sizeBytes]),
      ).toEqual([
        [1, 8 * MIB],
        [3, MIB + 5],
      ]);
      expect(await codeOf(store.multipart.complete(upload))).toBe('ARTIFACT_INCOMPLETE');
      expect(await store.head(upload.key)).toBeUndefined();
      expect((await sendPart(upload, 2, slice(2))).status).toBe(200);
      // Sent again, as by one that never heard of its end.
      expect((await sendPart(upload, 1, slice(1))).status).toBe(200);
      expect(await store.multipart.complete(upload)).toMatchObject({
        sizeBytes: whole.length,
        mediaType: 'video/mp4',
      });
      expect(digest(await bytesOf((await store.get(upload.key)).stream))).toBe(digest(whole));
      expect(await codeOf(store.multipart.listParts(upload))).toBe('UPLOAD_NOT_FOUND');
    });

    test('a part of another length than planned is refused, so that all parts are equal', async () => {
      const upload = await begin('uploads/unequal.mp4', 20 * MIB);
      expect(await isTaken(sendPart(upload, 1, randomBytes(7 * MIB)))).toBe(false);
      expect(await isTaken(sendPart(upload, 1, randomBytes(9 * MIB)))).toBe(false);
      expect(await store.multipart.listParts(upload)).toEqual([]);
      expect(
        await codeOf(
          Promise.resolve().then(() => store.multipart.presignPart(upload, 4, { expiresInMs: 1000 })),
        ),
      ).toBe('INPUT_INVALID');
      await store.multipart.abort(upload);
    });

    test('a part that is sent after the end changes nothing', async () => {
      const whole = randomBytes(9 * MIB);
      const upload = await begin('uploads/video_late.mp4', whole.length);
      const late = await store.multipart.presignPart(upload, 2, { expiresInMs: 60_000 });
      await sendPart(upload, 1, whole.subarray(0, 8 * MIB));
      await sendPart(upload, 2, whole.subarray(8 * MIB));
      await store.multipart.complete(upload);
      expect(await isTaken(under.send(late, { body: randomBytes(MIB) }))).toBe(false);
      expect(digest(await bytesOf((await store.get(upload.key)).stream))).toBe(digest(whole));
    });

    test('an upload of another store, whose place this one took, has nothing here to abort', async () => {
      const upload = await begin('uploads/moved.mp4', 10 * MIB);
      await store.multipart.abort({ ...upload, uploadId: '2~Of.Another_Store' });
      expect(await store.multipart.listParts(upload)).toEqual([]);
    });

    test('an aborted upload keeps no parts and can not be completed', async () => {
      const upload = await begin('uploads/aborted.mp4', 10 * MIB);
      await sendPart(upload, 2, randomBytes(2 * MIB));
      await store.multipart.abort(upload);
      await store.multipart.abort(upload);
      expect(await codeOf(store.multipart.listParts(upload))).toBe('UPLOAD_NOT_FOUND');
      expect(await codeOf(store.multipart.complete(upload))).toBe('UPLOAD_NOT_FOUND');
      expect(await store.head(upload.key)).toBeUndefined();
    });
  });
}
