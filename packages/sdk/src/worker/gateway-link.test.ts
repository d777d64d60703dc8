import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createLink } from './gateway-link.ts';
import { createFetchExchange } from './http-exchange.ts';

/** A fetch that never answers by itself and obeys its signal, as the real one does. */
const hangingFetch: typeof fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
  });

test('the key goes out raw, as RunPod’s workers send it', async () => {
  const clock = createManualClock();
  let headers = new Headers();
  const fetch = async (_url: unknown, init?: RequestInit) => {
    headers = new Headers(init?.headers);
    return new Response('{}');
  };
  const link = createLink({ startExchange: createFetchExchange(fetch), clock, key: 'rpa_1' });
  await link({
    method: 'POST',
    url: 'http://gw/x',
    body: '{}',
    contentType: 'application/json',
    deadlineMs: 10,
  });
  expect(headers.get('authorization')).toBe('rpa_1');
  expect(headers.get('content-type')).toBe('application/json');
  expect(headers.get('user-agent')).toMatch(/^Spillway-SDK\//);
  expect(clock.pending()).toEqual([]);
});

test('a server that keeps silent is given up at the deadline', async () => {
  const clock = createManualClock();
  const link = createLink({ startExchange: createFetchExchange(hangingFetch), clock, key: undefined });
  const result = link({ method: 'GET', url: 'http://gw/x', deadlineMs: 90_000 });
  expect(await clock.advanceToNext()).toBe(90_000);
  expect(await result).toEqual({ kind: 'timeout' });
});

test('a poll can be given up at once', async () => {
  const clock = createManualClock();
  const stop = new AbortController();
  const link = createLink({ startExchange: createFetchExchange(hangingFetch), clock, key: undefined });
  const result = link({ method: 'GET', url: 'http://gw/x', deadlineMs: 90_000, signal: stop.signal });
  stop.abort();
  expect(await result).toEqual({ kind: 'aborted' });
  expect(await link({ method: 'GET', url: 'http://gw/x', deadlineMs: 1, signal: stop.signal })).toEqual({
    kind: 'aborted',
  });
  expect(clock.pending()).toEqual([]);
});

test('an answer that has begun is read to its end even when the poll is given up meanwhile', async () => {
  const clock = createManualClock();
  const stop = new AbortController();
  const body = new TransformStream<Uint8Array, Uint8Array>();
  let fetchSignal: AbortSignal | null | undefined;
  const fetch = async (_url: unknown, init?: RequestInit) => {
    fetchSignal = init?.signal;
    return new Response(body.readable);
  };
  const link = createLink({ startExchange: createFetchExchange(fetch), clock, key: undefined });
  const result = link({ method: 'GET', url: 'http://gw/x', deadlineMs: 90_000, signal: stop.signal });
  await clock.settle();
  stop.abort();
  const writer = body.writable.getWriter();
  await writer.write(new TextEncoder().encode('{"id":"j1"}'));
  await writer.close();
  expect(await result).toMatchObject({ kind: 'reply', status: 200, text: '{"id":"j1"}' });
  expect(fetchSignal?.aborted).toBe(false);
});

test('a connection that fails is a value with its reason', async () => {
  const clock = createManualClock();
  const fetch = () =>
    Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
  const link = createLink({ startExchange: createFetchExchange(fetch), clock, key: undefined });
  expect(await link({ method: 'GET', url: 'http://gw/x', deadlineMs: 1 })).toEqual({
    kind: 'unreachable',
    reason: 'connect ECONNREFUSED',
  });
});

test('Retry-After is read in its form in seconds', async () => {
  const clock = createManualClock();
  for (const [header, expected] of [
    ['3', 3_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    [undefined, undefined],
  ] as const) {
    const fetch = async () =>
      new Response('', { status: 429, headers: header ? { 'retry-after': header } : {} });
    const result = await createLink({ startExchange: createFetchExchange(fetch), clock, key: undefined })({
      method: 'GET',
      url: 'http://gw/x',
      deadlineMs: 1,
    });
    expect(result.kind === 'reply' && result.retryAfterMs).toBe(expected);
  }
});
