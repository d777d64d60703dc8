import { beforeEach, describe, expect, test } from 'vitest';
import { createManualClock, type ManualClock } from '../clock/manual-clock.ts';
import { createReplayGuard } from '../signing/replay-guard.ts';
import { jobTextV0 } from '../signing/signed-text.ts';
import { createVerifier } from '../signing/verifier.ts';
import { type ClipClientOptions, createClipClient } from './clip-client.ts';
import { ClipClientError } from './clip-client-error.ts';

const SECRET = 'a secret of the tests';
const URL = 'https://images.example.com/a.jpg';
const ENV = {
  CLIP_INFERENCE_BACKEND: 'runpod',
  RUNPOD_API_KEY: 'rpa_x',
  RUNPOD_CLIP_ENDPOINT_ID: 'abc',
  EMBEDDING_HMAC_SECRET: SECRET,
};
const LOCAL = { SPILLWAY_URL: 'http://gw:1', SPILLWAY_API_KEY: 'spk_x' };

type Fields = Record<string, unknown>;
interface Seen {
  readonly url: string;
  readonly input: Fields & { readonly images?: readonly Fields[] };
  readonly key: string | null;
}
type Answer =
  | Error
  | 'silence'
  | { readonly status?: number; readonly body: unknown; readonly after?: number };
type Answers = (seen: Seen, count: number) => Answer;

const vector = { embedding: [0.6, 0.8], dim: 2, model: 'ViT-B-32', pretrained: 'openai', normalized: true };
const completed = (output: unknown) => ({ body: { id: 'j', status: 'COMPLETED', output } });
const good = ({ input }: Seen) => completed({ ...vector, request_id: input.request_id });
const failed = (output: Fields | undefined, error = 'x') => ({
  body: { id: 'j', status: 'FAILED', error, ...(output ? { output } : {}) },
});
const down = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });

let clock: ManualClock;
beforeEach(() => {
  clock = createManualClock();
});

function create(answers: Answers, options: ClipClientOptions = {}) {
  const seen: Seen[] = [];
  const fetch = async (given: string | URL | Request, init: RequestInit = {}) => {
    const { input } = JSON.parse(String(init.body)) as { input: Seen['input'] };
    const one = { url: String(given), input, key: new Headers(init.headers).get('authorization') };
    seen.push(one);
    const answer = answers(one, seen.length);
    if (answer === 'silence') await clock.sleep(86_400_000, init.signal ?? undefined);
    init.signal?.throwIfAborted();
    if (answer instanceof Error) throw answer;
    if (answer === 'silence') throw new Error('never');
    const { status = 200, body, after } = answer;
    return new Response(JSON.stringify(body), {
      status,
      headers: after ? { 'retry-after': String(after) } : {},
    });
  };
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `r${ids}`;
  };
  const client = createClipClient({
    ...{ env: ENV, fetch, clock, newId, now: clock.now, random: () => 0 },
    ...options,
  });
  return { client, seen };
}

/** As the worker of the endpoint looks at signatures. */
function worker(endpoint = 'abc') {
  const now = clock.now;
  const { verify } = createVerifier({ secrets: [SECRET], now, replays: createReplayGuard({ now }) });
  return (input: Fields) =>
    verify(input.auth, {
      v0: (ts) => [jobTextV0(String(input.image_url), ts)],
      v1: { method: 'JOB', path: endpoint, body: input },
    });
}

async function errorOf(call: Promise<unknown>): Promise<ClipClientError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClipClientError);
  return error as ClipClientError;
}

describe('what is asked for', () => {
  test('is a signed job at RunPod, its answer that of the worker', async () => {
    const { client, seen } = create(good);
    const answer = await client.embedImage(URL, { requestId: 'mine' });
    expect(answer).toEqual({
      ...{ ...vector, request_id: 'mine', backend: 'runpod' },
      timings: { download_ms: 0, inference_ms: 0, total_ms: 0 },
    });
    expect(seen).toMatchObject([
      {
        url: 'https://api.runpod.ai/v2/abc/runsync',
        key: 'Bearer rpa_x',
        input: { image_url: URL, request_id: 'mine', normalize: true },
      },
    ]);
    expect(Object.keys(seen[0]?.input.auth as object)).toEqual(['ts', 'sig']);
  });

  test('is signed by version 0 where that covers it, else by version 1, each time anew', async () => {
    const { client, seen } = create(good);
    for (let n = 0; n < 3; n += 1) await client.embedImage(URL);
    await client.embedImage(Buffer.from('bytes'));
    await client.embedImage('data:image/png;base64,AAAA');
    await client.embedText('a cat', { normalize: false, model: 'm' });
    const check = worker();
    expect(seen.map(({ input }) => check(input))).toEqual(Array(6).fill(undefined));
    expect(seen.map(({ input }) => (input.auth as Fields).v)).toEqual([...Array(3), 1, 1, 1]);
    expect(seen[3]?.input).toMatchObject({ image: 'Ynl0ZXM=' });
    expect(seen[5]?.input).toMatchObject({ text: 'a cat', normalize: false, model: 'm' });
  });

  test('is signed by version 1 alone where that is asked for', async () => {
    const { client, seen } = create(good, { signatureVersion: 1 });
    await client.embedImage(URL);
    expect(seen[0]?.input.auth).toMatchObject({ v: 1 });
    expect(worker()(seen[0]?.input ?? {})).toBeUndefined();
  });

  test('is not signed for a local worker that wants none', async () => {
    const env = { CLIP_INFERENCE_BACKEND: 'local', CLIP_LOCAL_URL: 'http://127.0.0.1:8000/' };
    const { client, seen } = create(good, { env });
    expect((await client.embedText('x')).backend).toBe('local');
    expect(seen[0]).toMatchObject({ url: 'http://127.0.0.1:8000/runsync', key: null });
    expect(seen[0]?.input).not.toHaveProperty('auth');
  });

  test('is nothing when the service is switched off', async () => {
    const { client, seen } = create(good, { env: { ...ENV, CLIP_INFERENCE_BACKEND: 'off' } });
    for (const call of [client.embedImage(URL), client.embedText('x'), client.embedImages([URL])]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: 'DISABLED', backend: 'off' });
      expect(error.message).toContain('CLIP_INFERENCE_BACKEND=off');
    }
    expect(seen).toEqual([]);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['FAILED with RunPod’s output', failed({ error: 'Authentication failed', request_id: 'r1' })],
    ['FAILED without one', failed(undefined, 'Authentication failed')],
    ['COMPLETED, as the first workers said it', completed({ error: 'Authentication failed' })],
  ])('a refused signature is never tried again: %s', async (_name, answer) => {
    const { client, seen } = create(() => answer, { env: { ...ENV, ...LOCAL } });
    const error = await errorOf(client.embedImage(URL));
    expect(error).toMatchObject({ code: 'AUTH_FAILED', requestId: 'r1', backend: 'runpod' });
    expect(seen).toHaveLength(1);
  });

  test('what may pass is tried again with a signature of its own, later each time', async () => {
    const answers = [down, { status: 503, body: { detail: 'starting' }, after: 2 }];
    const { client, seen } = create((one, count) => answers[count - 1] ?? good(one));
    const asked = client.embedImage(URL);
    await clock.settle();
    expect(clock.pending()).toEqual([50, 60_000]);
    await clock.advance(50);
    expect(clock.pending()[0]).toBe(2_000);
    await clock.advance(2_000);
    expect((await asked).request_id).toBe('r1');
    const check = worker();
    expect(seen.map(({ input }) => check(input))).toEqual([undefined, undefined, undefined]);
    expect(clock.pending()).toEqual([]);
  });

  test('three tries are all', async () => {
    const { client, seen } = create(() => ({ status: 429, body: { error: 'slow down' } }));
    const asked = errorOf(client.embedImage(URL));
    await clock.advance(1_000);
    expect(await asked).toMatchObject({ code: 'RATE_LIMITED', message: 'slow down' });
    expect(seen).toHaveLength(3);
  });

  test.each([
    ['an answer that never comes', 'silence' as const],
    ['one that is always about to', { status: 503, body: {}, after: 50 }],
  ])('the time for one call is kept: %s', async (_name, answer) => {
    const { client } = create(() => answer, { env: { ...ENV, RUNPOD_TIMEOUT_S: '60' } });
    const asked = errorOf(client.embedImage(URL));
    await clock.advance(60_000);
    const error = await asked;
    expect(error).toMatchObject({ code: 'TIMEOUT', backend: 'runpod' });
    expect(error.message).toContain('RUNPOD_TIMEOUT_S');
    expect(clock.pending()).toEqual([]);
  });

  test('a job that nobody waits for any more ends by itself', async () => {
    let body = '';
    const { client } = create(good);
    await createClipClient({
      env: ENV,
      clock,
      fetch: async (_url, init) => {
        body = String(init?.body);
        return new Response(JSON.stringify(completed(vector).body));
      },
    }).embedImage(URL);
    expect(JSON.parse(body)).toMatchObject({ policy: { ttl: 60_000 } });
    expect(client.backend).toBe('runpod');
  });

  test.each([
    ['no vector', completed({ request_id: 'r1' })],
    ['another length', completed({ ...vector, dim: 512 })],
    ['no numbers', completed({ ...vector, embedding: [null, 1] })],
    ['no job', { body: { hello: 1 } }],
    ['no JSON object', { body: 'a page' }],
  ])('%s is no answer', async (_name, answer) => {
    const error = await errorOf(create(() => answer).client.embedImage(URL));
    expect(error.code).toBe('BAD_REPLY');
  });

  test.each([
    [
      failed({ code: 'DOWNLOAD_ERROR', error: 'The picture is too large.' }),
      'DOWNLOAD_ERROR',
      /^The picture/,
    ],
    [failed(undefined, '{"error_type":"x","error_message":"out of memory"}'), 'JOB_FAILED', /^out of memory/],
    [{ body: { id: 'j', status: 'CANCELLED' } }, 'JOB_FAILED', /CANCELLED/],
    [{ status: 401, body: { detail: 'invalid api key' } }, 'KEY_REFUSED', /invalid api key/],
    [{ status: 404, body: {} }, 'NOT_FOUND', /./],
    [{ status: 400, body: { error: 'too large' } }, 'INPUT_INVALID', /too large/],
  ] as const)('%j is %s', async (answer, code, message) => {
    const error = await errorOf(create(() => answer).client.embedImage(URL));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('what is no picture is told without a call', async () => {
    const { client, seen } = create(good);
    expect(await errorOf(client.embedImage('/home/me/a.jpg'))).toMatchObject({ code: 'INPUT_INVALID' });
    expect(seen).toEqual([]);
  });

  test('a caller that leaves ends the call with its own reason', async () => {
    const leaving = new AbortController();
    const { client } = create(() => 'silence', { env: { ...ENV, ...LOCAL } });
    const asked = client.embedImage(URL, { signal: leaving.signal });
    await clock.settle();
    leaving.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(clock.pending()).toEqual([]);
  });
});

describe('the fallback', () => {
  const env = { ...ENV, ...LOCAL };
  const isRunpod = ({ url }: Seen) => url.startsWith('https://api.runpod.ai');

  test('where RunPod fails the local gateway answers, signed for it, and the answer says why', async () => {
    const { client, seen } = create(
      (one) => (isRunpod(one) ? failed({ error: 'boom', code: 'INFERENCE_ERROR' }) : good(one)),
      { env, signatureVersion: 1 },
    );
    expect(await client.embedImage(URL)).toMatchObject({
      embedding: [0.6, 0.8],
      backend: 'local',
      fallback: { from: 'runpod', code: 'INFERENCE_ERROR', reason: 'boom' },
    });
    expect(seen[1]).toMatchObject({ url: 'http://gw:1/v2/clip/runsync', key: 'Bearer spk_x' });
    expect(worker('clip')(seen[1]?.input ?? {})).toBeUndefined();
  });

  test('has its own time, after that of RunPod is over', async () => {
    const { client } = create((one) => (isRunpod(one) ? 'silence' : good(one)), { env });
    const asked = client.embedText('x');
    await clock.advance(60_000);
    expect(await asked).toMatchObject({ backend: 'local', fallback: { code: 'TIMEOUT' } });
  });

  test('what RunPod answers well says nothing of one', async () => {
    const { client } = create(good, { env });
    expect(await client.embedImage(URL)).not.toHaveProperty('fallback');
  });

  test('where both fail the error tells of both', async () => {
    const { client } = create(
      (one) =>
        isRunpod(one)
          ? { status: 404, body: { error: 'gone' } }
          : failed({ error: 'no weights', code: 'INFERENCE_ERROR' }),
      { env },
    );
    const error = await errorOf(client.embedImage(URL));
    expect(error).toMatchObject({ code: 'INFERENCE_ERROR', backend: 'local' });
    expect(error.message).toMatch(/no weights.*NOT_FOUND: gone/);
  });
});

describe('a list', () => {
  const batch: Answers = ({ input }) =>
    completed({
      results: (input.images ?? []).map((item) =>
        String(item.image_url).endsWith('bad')
          ? { request_id: item.request_id, error: { code: 'DOWNLOAD_ERROR', message: 'gone' } }
          : { ...vector, request_id: item.request_id },
      ),
    });
  const urls = (count: number) => Array.from({ length: count }, (_, at) => `${URL}?${at}`);

  test('goes out in batches of 16, each signed as a whole, and comes back in order', async () => {
    const { client, seen } = create(batch, { signatureVersion: 1 });
    const images = [...urls(17), `${URL}?bad`, 'no picture', ...urls(3)];
    const results = await client.embedImages(images, { normalize: false });
    expect(results.map((one) => one.request_id)).toEqual(images.map((_, at) => `r${at + 1}`));
    expect(results.filter((one) => 'error' in one)).toEqual([
      { request_id: 'r18', error: { code: 'DOWNLOAD_ERROR', message: 'gone' } },
      { request_id: 'r19', error: { code: 'INPUT_INVALID', message: expect.any(String) as string } },
    ]);
    expect(seen.map(({ input }) => input.images?.length)).toEqual([16, 5]);
    const check = worker();
    for (const { input } of seen) expect(check(input)).toBeUndefined();
  });

  test('goes out one by one to workers that know version 0, and one that fails takes no other along', async () => {
    const { client, seen } = create((one) =>
      String(one.input.image_url).endsWith('?1')
        ? failed({ error: 'gone', code: 'DOWNLOAD_ERROR' })
        : good(one),
    );
    const results = await client.embedImages(urls(3));
    expect(results).toMatchObject([
      { backend: 'runpod' },
      { error: { code: 'DOWNLOAD_ERROR' } },
      { backend: 'runpod' },
    ]);
    expect(seen).toHaveLength(3);
  });

  test('falls back batch by batch', async () => {
    const { client } = create((one, count) => (one.url.includes('runpod') ? down : batch(one, count)), {
      env: { ...ENV, ...LOCAL },
      signatureVersion: 1,
      retries: 0,
    });
    const results = await client.embedImages(urls(2));
    expect(results).toMatchObject(Array(2).fill({ backend: 'local', fallback: { code: 'UNREACHABLE' } }));
  });

  test('may be empty', async () => {
    const { client, seen } = create(batch);
    expect(await client.embedImages([])).toEqual([]);
    expect(seen).toEqual([]);
  });
});
