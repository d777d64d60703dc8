import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadFile } from '../src/models/pull/download-file.ts';
import type { RemoteFile } from '../src/models/pull/remote.ts';
import { sha256 } from './fake-hub.ts';

/** What a download makes of what an earlier one left. The origin is a function that sends what it is given. */
let folder: string;
let part: string;
let note: string;
const asked: Readonly<Record<string, string>>[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'spillway-download-'));
  part = path.join(folder, 'files/a.onnx');
  note = path.join(folder, 'notes/a.onnx.json');
  await mkdir(path.dirname(part));
  await mkdir(path.dirname(note));
  asked.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Downloads from an origin that has `content` now. */
function download(content: string, etag: string, file: Partial<RemoteFile> = {}) {
  return downloadFile({
    ...{ part, note, revision: undefined, onBytes: () => {}, signal: new AbortController().signal },
    file: { path: 'a.onnx', bytes: content.length, ...file },
    calls: { pause: async () => {} },
    remote: {
      label: 'test',
      list: () => Promise.reject(new Error('not asked')),
      async open(_file, { headers }) {
        asked.push(headers);
        const start = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
        const isResumed = start > 0 && (headers['if-range'] ?? etag) === etag;
        const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
        async function* body() {
          yield Buffer.from(isResumed ? content.slice(start) : content);
        }
        return {
          ...{ status: isResumed ? 206 : 200, url: 'http://test/a', body: body(), close: () => {} },
          headers: { etag, ...(isResumed ? range : {}) },
        };
      },
    },
  });
}

async function leave(content: string, etag?: string): Promise<void> {
  await writeFile(part, content);
  if (etag !== undefined) await writeFile(note, JSON.stringify({ etag }));
}

test('the rest of a file is asked for, on condition that it is of the same content', async () => {
  await leave('hello ', '"1"');
  expect(await download('hello world', '"1"')).toMatchObject({
    bytes: 11,
    sha256: sha256(Buffer.from('hello world')),
  });
  expect(asked).toEqual([{ range: 'bytes=6-', 'if-range': '"1"' }]);
  expect(await readFile(part, 'utf8')).toBe('hello world');
});

test('a whole file whose content is still listed is not asked for again', async () => {
  await leave('hello world', '"1"');
  await download('hello world', '"1"', { etag: '"1"' });
  await download('hello world', '"1"', { sha256: sha256(Buffer.from('hello world')) });
  expect(asked).toEqual([]);
});

test('a whole file of a content that is no longer listed is fetched anew, though its size is right', async () => {
  await leave('hello WORLD', '"old"');
  expect(await download('hello world', '"1"', { etag: '"1"' })).toMatchObject({ etag: '"1"' });
  expect(asked).toEqual([{}]);
  expect(await readFile(part, 'utf8')).toBe('hello world');
});

test('bytes of which nothing is known are not gone on with', async () => {
  await leave('HELLO ');
  await download('hello world', '"1"');
  expect(asked).toEqual([{}]);
});

test('bytes that were said to be of this content and are not are thrown away once, then it is right', async () => {
  await leave('HELLO ', '"1"');
  await download('hello world', '"1"', { sha256: sha256(Buffer.from('hello world')) });
  expect(asked).toEqual([{ range: 'bytes=6-', 'if-range': '"1"' }, {}]);
  expect(await readFile(part, 'utf8')).toBe('hello world');
});

test('a file that workers may have open under another name is never written into', async () => {
  const open = path.join(folder, 'open.onnx');
  await writeFile(open, 'hello ');
  await link(open, part);
  await download('hello world', '"1"', { sha256: sha256(Buffer.from('hello world')) });
  expect(await readFile(open, 'utf8')).toBe('hello ');
  expect(await readFile(part, 'utf8')).toBe('hello world');
});
