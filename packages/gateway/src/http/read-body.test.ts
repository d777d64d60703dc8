import { Readable } from 'node:stream';
import { createManualClock } from '@spillway/sdk/clock';
import { expect, test, vi } from 'vitest';
import { GatewayError } from '../errors.ts';
import { createBodyBudget } from './body-budget.ts';
import { type BodySource, BodyTooLargeError, hasBody, readBody, SMALL_BODY_BYTES } from './read-body.ts';

const LIMIT = 8;
const ROW = { path: '/v1/some', bodyLimitBytes: LIMIT };

const clock = createManualClock();
const budget = createBodyBudget(clock, 4 * SMALL_BODY_BYTES);
let held: (() => void)[] = [];
const room = { budget, hold: (release: () => void) => held.push(release) };

/** The text of the body, or the error that it ends with. */
function read(
  payload: string | Readable,
  { headers = {}, row = ROW as Pick<typeof ROW, 'path'> & { bodyLimitBytes?: number } } = {},
): Promise<string | Error> {
  const isText = typeof payload === 'string';
  const source = Object.assign(
    isText ? Readable.from(Buffer.from(payload), { objectMode: false }) : payload,
    {
      headers: isText ? { 'content-length': String(Buffer.byteLength(payload)), ...headers } : headers,
    },
  ) as unknown as BodySource;
  return new Promise((resolve) => readBody(source, row, room, (error, body) => resolve(error ?? body)));
}
/** Comes in these parts, with no length said before. */
const inParts = (...parts: readonly Buffer[]) => Readable.from(parts);

test('a character that lies in two parts stays whole', async () => {
  const euro = Buffer.from('€');
  expect(await read(inParts(Buffer.from('a'), euro.subarray(0, 1), euro.subarray(1), Buffer.from('b')))).toBe(
    'a€b',
  );
});

test('a body over the limit is refused, whether its length is said before or not', async () => {
  expect(await read('x'.repeat(LIMIT))).toBe('x'.repeat(LIMIT));
  expect(await read('x'.repeat(LIMIT + 1))).toBeInstanceOf(BodyTooLargeError);
  const unsaid = inParts(Buffer.alloc(LIMIT), Buffer.alloc(LIMIT), Buffer.alloc(LIMIT));
  expect(await read(unsaid)).toBeInstanceOf(BodyTooLargeError);
});

test('a row that says nothing has the small limit', async () => {
  const row = { path: '/v1/some' };
  expect(await read('x'.repeat(SMALL_BODY_BYTES), { row })).toHaveLength(SMALL_BODY_BYTES);
  expect(await read('x'.repeat(SMALL_BODY_BYTES + 1), { row })).toBeInstanceOf(BodyTooLargeError);
});

test('a body that is not as long as it said is refused', async () => {
  const short = await read(inParts(Buffer.from('abc')), { headers: { 'content-length': '5' } });
  expect(short).toBeInstanceOf(GatewayError);
  expect(short).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('content-length') });
});

test('a client that leaves in the middle of its body gets an error, and no wait', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('aborted'));
    },
  });
  expect(await read(broken)).toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('aborted'),
  });
});

test.each([
  ['GET', { 'content-length': '5' }, false],
  ['POST', {}, false],
  ['POST', { 'content-length': '0' }, false],
  ['POST', { 'content-length': '2' }, true],
  ['DELETE', { 'transfer-encoding': 'chunked' }, true],
])('%s with %j: is a body read? %s', (method, headers, isRead) => {
  expect(hasBody({ method, headers })).toBe(isRead);
});

const LARGE_ROW = { path: '/v1/some', bodyLimitBytes: 3 * SMALL_BODY_BYTES };
const LARGE = 'x'.repeat(2 * SMALL_BODY_BYTES);

test('large bodies are read while there is room for them, whether their length is said before or not', async () => {
  held = [];
  expect(await read(LARGE, { row: LARGE_ROW })).toBe(LARGE);
  expect(budget.heldBytes()).toBe(LARGE.length);
  // One that says nothing may become as large as its row allows.
  const unsaid = read(inParts(Buffer.from(LARGE)), { row: LARGE_ROW });
  await clock.advance(29_000);
  expect(held).toHaveLength(1);
  for (const release of held) release();
  expect(await unsaid).toBe(LARGE);
  expect(budget.heldBytes()).toBe(LARGE_ROW.bodyLimitBytes);
  const small = await read('x'.repeat(SMALL_BODY_BYTES), { row: LARGE_ROW });
  expect(small).toHaveLength(SMALL_BODY_BYTES);
  const refused = read(LARGE, { row: LARGE_ROW });
  await vi.waitFor(() => expect(clock.pending()).toHaveLength(1));
  await clock.advance(30_000);
  expect(await refused).toMatchObject({
    code: 'OVERLOADED',
    message: expect.stringContaining(
      '4 MiB that they may have in memory; nothing was accepted, send it again',
    ),
  });
  for (const release of held) release();
  expect(budget.heldBytes()).toBe(0);
});
