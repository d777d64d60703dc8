import { expect, test } from 'vitest';
import type { CreateEndpoint } from './resources.ts';
import { createRunpodClient } from './runpod-client.ts';
import { RunpodError } from './runpod-error.ts';

const KEY = 'rpa_VERYSECRET';

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client whose calls are answered one after the other; `waits` are milliseconds. */
function clientOf(replies: readonly (Reply | Error)[]) {
  const left = [...replies];
  const calls: { readonly url: string; readonly init: RequestInit }[] = [];
  const waits: number[] = [];
  const clock = {
    now: () => 0,
    sleep: async (ms: number) => {
      waits.push(ms);
    },
    timer: () => () => {},
  };
  const client = createRunpodClient({
    ...{ apiKey: KEY, baseUrl: 'https://runpod.test/', clock, random: () => 0 },
    fetch: async (url, init) => {
      calls.push({ url: String(url), init: init ?? {} });
      const reply = left.shift();
      if (reply === undefined) throw new Error('no call was expected');
      if (reply instanceof Error) throw reply;
      const { status, body, headers = {} } = reply;
      return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
    },
  });
  return { client, calls, waits };
}

const BODY: CreateEndpoint = {
  ...{ name: 'spillway-clip', type: 'QUEUE', image: 'acme/clip:1' },
  scaling: { type: 'QUEUE_DELAY', queueDelay: 4 },
};

async function failureOf(work: Promise<unknown>): Promise<RunpodError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof RunpodError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('a list is read from its wrapper, with the key as a bearer', async () => {
  const { client, calls } = clientOf([{ status: 200, body: { endpoints: [{ id: 'a1', name: 'x' }] } }]);
  expect(await client.endpoints.list()).toEqual([{ id: 'a1', name: 'x' }]);
  expect(calls[0]?.url).toBe('https://runpod.test/v2/serverless');
  expect(new Headers(calls[0]?.init.headers).get('authorization')).toBe(`Bearer ${KEY}`);
});

test('a body that does not fit is told with the fields that the service names', async () => {
  const body = {
    title: 'Unprocessable Entity',
    status: 422,
    detail: 'validation failed',
    errors: ['/gpus: unknown'],
  };
  const error = await failureOf(clientOf([{ status: 422, body }]).client.endpoints.create(BODY));
  expect(error).toMatchObject({ code: 'INVALID', status: 422, problems: ['/gpus: unknown'] });
  expect(error.message).toBe(
    'create endpoint spillway-clip: RunPod answered 422 (validation failed; /gpus: unknown)',
  );
});

test.each([
  [401, 'UNAUTHORIZED', 'set RUNPOD_API_KEY'],
  [402, 'NO_BALANCE', 'add credit'],
  [403, 'FORBIDDEN', 'write access'],
  [409, 'CONFLICT', 'answered 409'],
])('a refusal %i is told at once, with what to do', async (status, code, advice) => {
  const { client, calls } = clientOf([{ status, body: { title: 'No', status, detail: 'no' } }]);
  const error = await failureOf(client.endpoints.create(BODY));
  expect(error.code).toBe(code);
  expect(error.message).toContain(advice);
  expect(error.message).not.toContain(KEY);
  expect(calls.length).toBe(1);
});

test('a full data center has a code of its own, though the service has none', async () => {
  const detail =
    'There are no longer any instances available with the requested specifications. Please refresh.';
  const { client } = clientOf([{ status: 400, body: { title: 'Bad Request', status: 400, detail } }]);
  expect((await failureOf(client.pods.create({ name: 'x' }))).code).toBe('NO_CAPACITY');
});

test('a throttled call waits as long as it is asked to, a POST too', async () => {
  const { client, waits } = clientOf([
    { status: 429, body: {}, headers: { 'retry-after': '12' } },
    { status: 429, body: {} },
    { status: 201, body: { id: 'a1' } },
  ]);
  expect(await client.endpoints.create(BODY)).toEqual({ id: 'a1' });
  expect(waits[0]).toBe(12_000);
  expect(waits[1]).toBeLessThan(12_000);
});

test('a limit that lasts longer than anybody waits is told instead', async () => {
  const { client, waits } = clientOf([{ status: 429, body: {}, headers: { 'retry-after': '3600' } }]);
  expect(await failureOf(client.endpoints.list())).toMatchObject({
    code: 'RATE_LIMITED',
    retryAfterMs: 3_600_000,
  });
  expect(waits).toEqual([]);
});

test('a fault of the service is tried again, but never a create, which may have worked', async () => {
  const fault = { status: 502, body: { title: 'Bad Gateway' } };
  const reading = clientOf([fault, fault, { status: 200, body: { endpoints: [] } }]);
  expect(await reading.client.endpoints.list()).toEqual([]);
  const creating = clientOf([fault]);
  expect(await failureOf(creating.client.endpoints.create(BODY))).toMatchObject({ mayHaveArrived: true });
  expect(creating.calls.length).toBe(1);
});

test('a service that is away is given up on after some tries, with the reason', async () => {
  const away = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
  const { client, waits } = clientOf(Array.from({ length: 10 }, () => away));
  const error = await failureOf(client.endpoints.list());
  expect(error.message).toBe('list the endpoints: runpod.test gave no answer (connect ECONNREFUSED)');
  expect(error.mayHaveArrived).toBe(false);
  expect(waits.length).toBe(5);
});

test('deleting what is gone already is done', async () => {
  const { client } = clientOf([{ status: 404, body: { title: 'Not Found', status: 404, detail: 'x' } }]);
  await expect(client.endpoints.remove('a1')).resolves.toBeUndefined();
});

test('a page of a proxy is no answer, and none of it is shown', async () => {
  const html = createRunpodClient({
    ...{ apiKey: KEY, baseUrl: 'https://runpod.test' },
    fetch: async () => new Response('<html>hello</html>', { status: 200 }),
  });
  expect((await failureOf(html.endpoints.get('a1'))).message).toContain('no JSON');
});

test.each(['garbage', {}, null])(
  'an answer that names nothing is none: %j; a create may have worked',
  async (body) => {
    const { client } = clientOf([
      { status: 200, body },
      { status: 200, body: { pods: [body] } },
    ]);
    const failure = await failureOf(client.endpoints.create(BODY));
    expect(failure).toMatchObject({ code: 'BAD_REPLY', mayHaveArrived: true });
    expect(failure.message).toContain("create endpoint spillway-clip: RunPod's answer tells no id");
    expect((await failureOf(client.pods.list())).message).toContain("RunPod's answer has no pods with ids");
  },
);

test('a log goes on behind its last line when the connection breaks', async () => {
  const event = (id: string, line: string) =>
    `id: ${id}\ndata: ${JSON.stringify({ source: 'container', line, ts: id })}\n\n`;
  const bodies = [`: hello\n\n${event('t1', 'one')}`, `${event('t2', 'two')}`];
  const asked: (string | null)[] = [];
  const stop = new AbortController();
  const client = createRunpodClient({
    ...{ apiKey: KEY, clock: { now: () => 0, sleep: async () => {}, timer: () => () => {} } },
    fetch: async (_url, init) => {
      asked.push(new Headers(init?.headers).get('last-event-id'));
      return new Response(bodies.shift() ?? '', { status: 200 });
    },
  });
  const lines: string[] = [];
  for await (const { line } of client.pods.log('p1', stop.signal)) {
    lines.push(line);
    if (lines.length === 2) stop.abort();
  }
  expect(lines).toEqual(['one', 'two']);
  expect(asked).toEqual([null, 't1']);
});
