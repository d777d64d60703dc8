// A web service behind a load-balancing endpoint: no worker runs until somebody asks; the first request waits for one
// to start, answers stream, a session stays with its worker however many others there are, and in the end none is left.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

// Loads for a while, as models do (204), then keeps a list of notes for each session in memory.
const SERVER = `
import { createServer } from 'node:http';
const notes = new Map();
let checks = 0;
createServer(async (request, response) => {
  const [, route, session] = request.url.split('/');
  if (route === 'ping') return response.writeHead(++checks < 3 ? 204 : 200).end();
  const known = notes.get(session) ?? [];
  notes.set(session, known);
  if (route === 'add') {
    for await (const chunk of request) known.push(String(chunk));
    return response.end(String(known.length));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const note of known) {
    response.write(\`data: \${note}\\n\\n\`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.end();
}).listen(Number(process.env.PORT), process.env.HOST);
`;
const SETTINGS = `    type: LOAD_BALANCER
    workers: { min: 0, max: 3, idleTimeout: 600s }
    scaling: { type: REQUEST_COUNT, requestCount: 1 }
`;

let test: TestGateway;
beforeAll(async () => {
  test = await startGateway(`endpoints:\n${nodeEndpoint('notes', 'server.mjs', SETTINGS)}`, {
    'server.mjs': SERVER,
  });
});
afterAll(() => test.stop());

const health = async () =>
  (await (await test.call('/v2/notes/health')).json()) as { workers: Record<string, number> };
const headers = (worker?: string) => ({
  authorization: `Bearer ${test.gateway.adminKey.secret}`,
  ...(worker === undefined ? {} : { 'x-runpod-worker-id': `strict ${worker}` }),
});
const add = (session: string, note: string, worker?: string) =>
  fetch(`${test.url}/lb/notes/add/${session}`, { method: 'POST', body: note, headers: headers(worker) });

it('serves from nothing, streams, keeps sessions apart, and goes back to nothing', async () => {
  expect((await health()).workers).toMatchObject({ ready: 0, initializing: 0, running: 0 });

  const first = await add('ada', 'one');
  const worker = first.headers.get('x-runpod-worker-id') ?? '';
  expect([first.status, await first.text()]).toEqual([200, '1']);

  const others = await Promise.all(['b', 'c', 'd', 'e'].map((session) => add(session, 'x')));
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);

  for (const note of ['two', 'three']) expect((await add('ada', note, worker)).status).toBe(200);
  const stream = await fetch(`${test.url}/lb/notes/list/ada`, { headers: headers(worker) });
  expect(stream.headers.get('x-runpod-worker-id')).toBe(worker);
  const parts: string[] = [];
  for await (const part of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) parts.push(part);
  expect(parts.join('')).toBe('data: one\n\ndata: two\n\ndata: three\n\n');

  await test.call('/v1/endpoints/notes', { method: 'PATCH', body: '{"workers":{"idleTimeoutMs":1000}}' });
  await until(async () => {
    const { idle = 0, running = 0, initializing = 0 } = (await health()).workers;
    return idle + running + initializing === 0;
  });
  const gone = await add('ada', 'four', worker);
  expect(gone.status).toBe(404);
  expect(await gone.json()).toMatchObject({ error: 'affinity_worker_gone' });
});
