import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { addBodyReader, SMALL_BODY_BYTES } from './read-body.ts';
import type { Route } from './route.ts';

const LIMIT = 8;

function createReader(row: Pick<Route, 'bodyLimitBytes'> | null = { bodyLimitBytes: LIMIT }) {
  const app = Fastify();
  addBodyReader(app, () => row as Route | null);
  app.post('/', async (request) => ({ body: request.body }));
  return (payload: string | Readable, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/', payload, headers });
}
/** Comes in these parts, with no length said before. */
const inParts = (...parts: readonly Buffer[]) => Readable.from(parts);

test('a body is its text, whatever its type says', async () => {
  const read = createReader();
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'image/png', 'text/plain']) {
    expect((await read('{"a":1}', { 'content-type': type })).json()).toEqual({ body: '{"a":1}' });
  }
  expect((await read('{"a":1}')).json()).toEqual({ body: '{"a":1}' });
});

test('a character that lies in two parts stays whole', async () => {
  const euro = Buffer.from('€');
  const parts = inParts(Buffer.from('a'), euro.subarray(0, 1), euro.subarray(1), Buffer.from('b'));
  const reply = await createReader()(parts, { 'content-type': 'text/plain' });
  expect(reply.json()).toEqual({ body: 'a€b' });
});

test('a body over the limit is refused, whether its length is said before or not', async () => {
  const read = createReader();
  const type = { 'content-type': 'text/plain' };
  expect((await read('x'.repeat(LIMIT), type)).statusCode).toBe(200);
  const said = await read('x'.repeat(LIMIT + 1), type);
  const unsaid = await read(inParts(Buffer.alloc(LIMIT), Buffer.alloc(LIMIT), Buffer.alloc(LIMIT)), type);
  for (const reply of [said, unsaid]) {
    expect(reply.statusCode).toBe(413);
    expect(reply.headers.connection).toBe('close');
    expect(reply.json()).toMatchObject({ code: 'FST_ERR_CTP_BODY_TOO_LARGE' });
  }
});

test('what no row is for has the small limit', async () => {
  const read = createReader(null);
  const type = { 'content-type': 'text/plain' };
  expect((await read('x'.repeat(SMALL_BODY_BYTES), type)).statusCode).toBe(200);
  expect((await read('x'.repeat(SMALL_BODY_BYTES + 1), type)).statusCode).toBe(413);
});

test('a body that is not as long as it said is refused', async () => {
  const reply = await createReader()(inParts(Buffer.from('abc')), {
    'content-type': 'text/plain',
    'content-length': '5',
  });
  expect(reply.json()).toMatchObject({ statusCode: 400, code: 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' });
});

test('a client that leaves in the middle of its body gets an error, and no wait', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('aborted'));
    },
  });
  const reply = await createReader()(broken, { 'content-type': 'text/plain' });
  expect(reply.json()).toMatchObject({ statusCode: 400, message: 'aborted' });
});
