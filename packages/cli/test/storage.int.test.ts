import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { ArtifactView } from '@spillway/protocol/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCli } from './start-cli.ts';
import { type StorageGateway, startStorageGateway } from './storage-gateway.ts';

// `spillway storage put|get|list|delete|status` against a gateway that keeps artifacts on its disk.

const MIB = 1024 * 1024;
const USAGE = { bytes: 0, artifacts: 0, values: 0, valueBytes: 0 };

let gateway: StorageGateway;
beforeAll(async () => {
  gateway = await startStorageGateway('artifacts: {quota: {perArtifact: 64m}}');
});
afterAll(() => gateway.stop());

const at = (name: string) => path.join(gateway.cwd, name);
const storage = (...args: string[]) => gateway.storage(args);

async function newFile(name: string, sizeBytes: number): Promise<Buffer> {
  const bytes = randomBytes(sizeBytes);
  await writeFile(at(name), bytes);
  return bytes;
}

async function put(name: string, ...more: string[]): Promise<ArtifactView> {
  const run = await storage('put', name, '--json', ...more);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return (JSON.parse(run.stdout) as { artifacts: [ArtifactView] }).artifacts[0];
}

describe('put and get', () => {
  test('bring a file there and back, verified, under its own name', async () => {
    const bytes = await newFile('walk 1.bin', 40 * MIB + 7);
    const run = await storage('put', 'walk 1.bin');
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('41.9 MB, kept for 7 days') });
    expect(run.stderr).toContain('walk 1.bin: 41.9 MB of 41.9 MB');
    const got = await storage('get', run.stdout.trim(), '--out', 'copies.bin');
    expect(got).toMatchObject({ code: 0, stderr: expect.stringContaining('verified by SHA-256') });
    expect(got.stdout.trim()).toBe(at('copies.bin'));
    expect((await readFile(at('copies.bin'))).equals(bytes)).toBe(true);
  });

  test('take standard input, and give standard output', async () => {
    const { code, stdout } = await gateway.storage(['put', '-', '--name', 'words.txt'], {
      stdin: 'größer\n',
    });
    expect(code).toBe(0);
    const got = await storage('get', stdout.trim(), '--out', '-');
    expect(got).toMatchObject({ code: 0, stdout: 'größer\n' });
  });

  test('never write over a file without being told to', async () => {
    await newFile('mine.txt', 10);
    const { id } = await put('mine.txt');
    const refused = await storage('get', id);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
    expect((await storage('get', id, '--force')).code).toBe(0);
  });

  test('take no more of a name than its last part', async () => {
    await newFile('plain.bin', 10);
    const { id } = await put('plain.bin', '--name', '../../.hidden');
    const got = await storage('get', id);
    expect(got.stdout.trim()).toBe(at('hidden'));
  });

  test('say what is wrong with a file, an id or its size', async () => {
    expect(await storage('put', 'nowhere.mp4')).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('nowhere.mp4: expected a file') },
    });
    await newFile('large.bin', 64 * MIB + 1);
    expect(await storage('put', 'large.bin')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('artifacts.quota.perArtifact') },
    });
    expect(await storage('get', 'nope')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('no artifact nope') },
    });
    await writeFile(at('page.mp4'), '<!doctype html><p>hello</p>');
    expect(await storage('put', 'page.mp4')).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('first bytes are those of a web page') },
    });
  });
});

describe('get that was cut off', () => {
  test('goes on with what is there', async () => {
    const bytes = await newFile('cut.bin', 3 * MIB);
    const { id } = await put('cut.bin');
    await writeFile(at(`.out.bin.${id}.part`), bytes.subarray(0, 2 * MIB));
    const got = await storage('get', id, '--out', 'out.bin');
    expect(got.code).toBe(0);
    // Not from the beginning.
    expect(got.stderr).not.toMatch(/: [\d.]+ kB of/);
    expect((await readFile(at('out.bin'))).equals(bytes)).toBe(true);
    expect((await readdir(gateway.cwd)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('finds out that what was there is something else, and begins anew the next time', async () => {
    const bytes = await newFile('other.bin', 2 * MIB);
    const { id } = await put('other.bin');
    await writeFile(at(`.wrong.bin.${id}.part`), randomBytes(MIB));
    const failed = await storage('get', id, '--out', 'wrong.bin');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('(SHA-256)') });
    expect(existsSync(at('wrong.bin'))).toBe(false);
    expect((await storage('get', id, '--out', 'wrong.bin')).code).toBe(0);
    expect((await readFile(at('wrong.bin'))).equals(bytes)).toBe(true);
  });
});

test('list shows what is kept, and delete makes it go', async () => {
  await newFile('listed.csv', 2_000);
  const { id } = await put('listed.csv', '--prefix', 'results');
  const listed = await storage('list', '--prefix', 'results');
  expect(listed.stdout).toMatch(new RegExp(`${id}\\s+listed.csv\\s+results\\s+2.0 kB\\s+ready`));
  expect(listed.stderr).toMatch(/this key keeps \d+ artifacts/);
  expect((await storage('delete', id)).stdout.trim()).toBe(`${id} deleted`);
  const left = JSON.parse((await storage('list', '--prefix', 'results', '--json')).stdout);
  expect(left).toMatchObject({ artifacts: [], storage: { kind: 'disk' } });
});

describe('status', () => {
  test('says of disk, gateway and a file there and back that they are fine', async () => {
    const run = await storage('status', '--data', at('.spillway'));
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s{2,}/).slice(0, 2)),
    ).toEqual([
      ['ok', 'disk'],
      ['ok', 'gateway'],
      ['ok', 'upload, download'],
    ]);
    expect(run.code).toBe(0);
  });

  test('says what is not, and ends with 1', async () => {
    const env = { SPILLWAY_URL: 'http://127.0.0.1:1' };
    const run = await gateway.storage(['status', '--json'], { env });
    expect(run.code).toBe(1);
    const { ok, checks } = JSON.parse(run.stdout) as { ok: boolean; checks: Record<string, string>[] };
    expect(ok).toBe(false);
    expect(checks.find(({ name }) => name === 'gateway')).toMatchObject({
      ...{ status: 'failed', detail: expect.stringContaining('no gateway answers at http://127.0.0.1:1') },
    });
  });

  test('looks at the gateway of the file that it is told, and not at that of this folder', async () => {
    await writeFile(at('other.yaml'), 'listen: 127.0.0.1:1\ndata: ./other\n');
    const env = { SPILLWAY_URL: '' };
    const run = await gateway.storage(['status', '--config', 'other.yaml'], { env });
    expect(run.stdout).toContain('no gateway answers at http://127.0.0.1:1');
  });
});

test('setup has nothing to do on a disk', async () => {
  expect(await storage('setup')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('nothing to set up'),
  });
});

test('put says why it waits for a storage that takes nothing for now, once', async () => {
  const full = { code: 'STORAGE_UNAVAILABLE', error: 'the disk of artifacts is full: make room there' };
  const server = createServer((request, response) => {
    if (request.url === '/v1/storage') return response.end('{}');
    return response.writeHead(503).end(JSON.stringify(full));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await newFile('late.bin', 10);
  const { port } = server.address() as AddressInfo;
  const env = { SPILLWAY_URL: `http://127.0.0.1:${port}`, SPILLWAY_API_KEY: 'spk_any' };
  const { child, ended, printed } = startCli(['storage', 'put', 'late.bin'], { cwd: gateway.cwd, env });
  await printed('waiting, and trying again: the disk of artifacts is full: make room there\n');
  // It goes on asking.
  await once(server, 'request');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  server.close();
  expect(code).toBe(130);
  expect(stderr.match(/waiting/g)).toHaveLength(1);
});

test('status tells a bucket that does not take an upload from a gateway that is away', async () => {
  const deleted: string[] = [];
  const server = createServer((request, response) => {
    const { url = '', method } = request;
    if (method === 'DELETE') deleted.push(url);
    if (url === '/v1/storage')
      return response.end(
        JSON.stringify({ kind: 'disk', own: USAGE, all: USAGE, quota: {}, retentionMs: {} }),
      );
    if (url.endsWith('/upload-url'))
      return response.end(JSON.stringify({ url: 'http://127.0.0.1:1/bucket', method: 'PUT', headers: {} }));
    return response.end(JSON.stringify({ id: method === 'POST' ? 'a1' : undefined }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const env = { SPILLWAY_URL: `http://127.0.0.1:${port}`, SPILLWAY_API_KEY: 'spk_any' };
  const { code, stdout } = await gateway.storage(['status'], { env });
  server.close();
  expect(code).toBe(1);
  expect(stdout).toMatch(/ok\s+gateway/);
  expect(deleted).toEqual(['/v1/artifacts/a1']);
  expect(stdout).toMatch(/failed\s+upload, download\s+.*the upload to http:\/\/127\.0\.0\.1:1 broke off/);
});
