import { createManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTestEndpoint } from './endpoints/new-test-endpoint.ts';
import { testRemote } from './remote/test-spill.ts';
import { createRemoteWorkerLogs } from './remote-worker-logs.ts';

// RunPod's management API, played here: workers of an endpoint, and their logs as server-sent events.

const URL_OF_RUNPOD = 'https://api.runpod.ai/v2';

function createScene({ baseUrl = URL_OF_RUNPOD, env = {} as Record<string, string> } = {}) {
  const clock = createManualClock();
  const workers = new Map<string, { print(line: string): void; readonly printed: string[] }>();
  const asked: { readonly path: string; readonly key: string | null }[] = [];
  let refusal: { status: number; detail: string } | undefined;
  /** Ends of open streams, which the tests wait for. */
  const streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
  const event = (id: number, line: string) =>
    new TextEncoder().encode(
      `id: ${id}\ndata: ${JSON.stringify({ source: 'container', line, ts: String(id) })}\n\n`,
    );
  const add = (id: string, ...printed: string[]) =>
    workers.set(id, {
      printed,
      print(line) {
        printed.push(line);
        streams.get(id)?.enqueue(event(printed.length, line));
      },
    });
  const send: typeof fetch = async (url, init) => {
    const { pathname, searchParams, origin } = new URL(String(url));
    asked.push({ path: pathname, key: new Headers(init?.headers).get('authorization') });
    expect(origin).toBe('https://api.runpod.io');
    if (refusal) return Response.json({ title: 'No', ...refusal }, { status: refusal.status });
    if (pathname === '/v2/serverless/ep/workers')
      return Response.json({ workers: [...workers.keys()].map((id) => ({ id, status: 'RUNNING' })) });
    const id = pathname.split('/')[5] ?? '';
    const { printed = [] } = workers.get(id) ?? {};
    const tail = Number(searchParams.get('tail'));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        streams.set(id, controller);
        for (const [at, line] of printed.entries())
          if (at >= printed.length - tail) controller.enqueue(event(at + 1, line));
        init?.signal?.addEventListener('abort', () => {
          streams.delete(id);
          controller.error(new Error('aborted'));
        });
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
  const endpoint = newTestEndpoint({ name: 'echo', backends: ['runpod'], remote: testRemote({ baseUrl }) });
  const logs = createRemoteWorkerLogs({ endpoints: [endpoint], clock, env, fetch: send });
  const heard: string[] = [];
  return {
    ...{ clock, asked, streams, heard, add, workers },
    refuse: (status: number, detail: string) => {
      refusal = { status, detail };
    },
    logs,
    follow: (tail = 0) =>
      logs('echo')?.follow(({ workerId, line }) => heard.push(`${workerId}: ${line}`), tail) ?? (() => {}),
    tail: async (count: number) =>
      (await logs('echo')?.tail(count, new AbortController().signal))?.map(({ line }) => line),
  };
}

let leave = () => {};
let scene: ReturnType<typeof createScene>;
beforeEach(() => {
  scene = createScene();
});
afterEach(() => leave());

test('lines of workers at RunPod come as they are printed, of new workers from the first on', async () => {
  scene.add('w1', 'old news');
  leave = scene.follow();
  await scene.clock.advance(10);
  scene.workers.get('w1')?.print('hello');
  await scene.clock.advance(10);
  scene.add('w2', 'loading the model');
  await scene.clock.advance(10_100);
  scene.workers.get('w2')?.print('ready');
  await scene.clock.advance(10);
  expect(scene.heard).toEqual([
    'w1: [runpod w1] hello',
    'w2: [runpod w2] loading the model',
    'w2: [runpod w2] ready',
  ]);
});

test('the last lines of each worker there come once none has come for a second, as many as were asked for', async () => {
  scene.add('w1', 'one', 'two', 'three');
  scene.add('w2');
  const two = scene.tail(2);
  const ten = scene.tail(10);
  expect(await Promise.race([ten, scene.clock.advance(900)])).toBeUndefined();
  await scene.clock.advance(3_000);
  expect(await two).toEqual(['[runpod w1] two', '[runpod w1] three']);
  expect(await ten).toEqual(['[runpod w1] one', '[runpod w1] two', '[runpod w1] three']);
  expect(scene.clock.pending()).toEqual([]);
  const { length } = scene.asked;
  expect(await scene.tail(0)).toEqual([]);
  expect(scene.asked).toHaveLength(length);
});

test('whoever follows begins with the last lines of workers that run already', async () => {
  scene.add('w1', 'one', 'two', 'three');
  leave = scene.follow(2);
  await scene.clock.advance(10);
  scene.workers.get('w1')?.print('four');
  await scene.clock.advance(10);
  expect(scene.heard).toEqual(['w1: [runpod w1] two', 'w1: [runpod w1] three', 'w1: [runpod w1] four']);
});

test('where RunPod gives no last lines, one says why, and nobody waits for long', async () => {
  scene.refuse(403, 'this key may call endpoints only');
  expect(await scene.tail(5)).toEqual([expect.stringMatching(/can't be read: .*may call endpoints only/)]);
  scene.refuse(503, 'down');
  const late = scene.tail(5);
  await scene.clock.advance(8_100);
  expect(await late).toEqual(["[runpod ep] what is printed there can't be read: no answer in 8 s"]);
});

test('nothing is asked before somebody follows, nor after, and of workers that are gone no more', async () => {
  scene.add('w1');
  await scene.clock.advance(60_000);
  expect(scene.asked).toEqual([]);
  leave = scene.follow();
  await scene.clock.advance(10);
  expect([...scene.streams.keys()]).toEqual(['w1']);
  scene.workers.delete('w1');
  await scene.clock.advance(10_100);
  expect([...scene.streams.keys()]).toEqual([]);
  leave();
  const { length } = scene.asked;
  await scene.clock.advance(60_000);
  expect(scene.asked).toHaveLength(length);
});

test('a key that may not read them is told once, in the log itself', async () => {
  scene.refuse(403, 'this key may call endpoints only');
  leave = scene.follow();
  await scene.clock.advance(120_000);
  expect(scene.heard).toEqual([
    expect.stringMatching(/^ep: \[runpod ep\] .*can't be read: .*may call endpoints only/),
  ]);
});

test('the environment’s key stands in for that of the backend, and no key goes to RunPod that is another service’s', async () => {
  scene = createScene({ env: { RUNPOD_API_KEY: 'rpa_admin' } });
  leave = scene.follow();
  await scene.clock.advance(10);
  expect(scene.asked.map(({ key }) => key)).toEqual(['Bearer rpa_admin']);
  expect(createScene({ baseUrl: 'http://127.0.0.1:9/v2' }).logs('echo')).toBeUndefined();
  expect(scene.logs('another')).toBeUndefined();
});
