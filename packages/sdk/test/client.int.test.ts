import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, createClient } from '@spillway/sdk/client';
import { afterEach, beforeEach, expect, test } from 'vitest';

// The client over a real connection, against the shapes that RunPod's service answers with.

let server: Server;
let baseUrl: string;
let paths: string[];
/** Answers by path; a list is used up from the front, its last entry stays. */
let answers: Record<string, (object | number | 'drop')[]>;

beforeEach(async () => {
  paths = [];
  answers = {};
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://local');
    paths.push(`${request.method} ${url.pathname}${url.search}`);
    const route = url.pathname.split('/')[3] ?? '';
    const list = answers[route] ?? [404];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer === 'drop') return request.socket.destroy();
    const status = typeof answer === 'number' ? answer : 200;
    const body =
      typeof answer === 'number' ? { status, title: 'Not Found', detail: 'job not found' } : answer;
    response.writeHead(status, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const endpoint = () => createClient({ baseUrl, apiKey: 'k', random: () => 0 }).endpoint('e');

test('a job is submitted and waited for through a cut connection', async () => {
  const id = 'bd92-u1';
  answers = {
    runsync: [{ id, status: 'IN_QUEUE' }],
    'status-sync': [
      'drop',
      503,
      { delayTime: 1, executionTime: 2, id, output: 7, status: 'COMPLETED', workerId: 'w' },
    ],
  };
  const job = await endpoint().runSync({ n: 1 });
  expect(job).toMatchObject({ id, status: 'COMPLETED', output: 7 });
  expect(paths).toEqual(['POST /v2/e/runsync', ...Array(3).fill(`GET /v2/e/status-sync/${id}?wait=60000`)]);
});

test('chunks come one by one, the end is known', async () => {
  answers = {
    stream: [
      { status: 'IN_PROGRESS', stream: [{ output: 'a' }, { output: 'b' }] },
      'drop',
      { status: 'COMPLETED', stream: [{ output: 'c' }] },
      { status: 'COMPLETED', stream: [] },
    ],
  };
  const got: unknown[] = [];
  for await (const chunk of endpoint().stream('j1')) got.push(chunk);
  expect(got).toEqual(['a', 'b', 'c']);
});

test('an unknown job is an error with the words of the server', async () => {
  await expect(endpoint().status('gone')).rejects.toThrow('HTTP 404 NOT_FOUND: job not found');
});

test('a server that is not there is said with its address', async () => {
  const client = createClient({ baseUrl: 'http://127.0.0.1:1/v2', apiKey: 'k' });
  const error = await client
    .endpoint('e')
    .run({})
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).message).toMatch(/^UNREACHABLE: no answer from http:\/\/127\.0\.0\.1:1 \(.+\)/);
});

test('the client can run in a browser: nothing of it, nor of what it imports, is Node’s own', () => {
  const folder = new URL('../src/client/', import.meta.url);
  const files = readdirSync(folder).filter((name) => !name.endsWith('.test.ts'));
  const visited = new Set<string>();
  const visit = (url: URL) => {
    if (visited.has(url.href)) return;
    visited.add(url.href);
    const source = readFileSync(url, 'utf8');
    expect(source, url.pathname).not.toMatch(/from 'node:|\bprocess\.|\bBuffer\b/);
    for (const [, path = ''] of source.matchAll(/from '(\.[^']+)'/g)) visit(new URL(path, url));
  };
  for (const name of files) visit(new URL(name, folder));
  expect([...visited].some((href) => href.endsWith('/src/clock/clock.ts'))).toBe(true);
});
