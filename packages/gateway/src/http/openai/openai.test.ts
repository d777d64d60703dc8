import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, type TestApp } from '../test-app.ts';

const CHAT = '/v2/echo/openai/v1/chat/completions';
const HELLO = { model: 'm', messages: [] };

describe('the OpenAI route', () => {
  let test: TestApp;

  beforeEach(() => {
    test = createTestApp();
  });
  afterEach(async () => {
    expect(await test.stop()).toBe(0);
  });

  const takeId = async (worker?: string) => (JSON.parse(await test.take(worker)) as { id: string }).id;
  const ask = (body: unknown, query = '') => test.call('POST', `${CHAT}${query}`, body);

  /** A streaming call whose events are read while it is open. */
  async function open(body: object = {}) {
    const pending = test.call(
      'POST',
      CHAT,
      { ...HELLO, stream: true, ...body },
      {
        payloadAsStream: true,
      },
    );
    const id = await takeId();
    return {
      id,
      async started() {
        const reply = await pending;
        const events = reply.stream();
        return { reply, events, next: () => nextText(events) };
      },
    };
  }

  it('makes a job of a call, and answers with what the worker yielded, digit for digit', async () => {
    const asked = '{"model":"m", "temperature":1.0,"seed":12345678901234567890}';
    const held = ask(asked);
    const taken = await test.take();
    const { id } = JSON.parse(taken) as { id: string };
    expect(taken).toContain(`"input":{"openai_route":"/v1/chat/completions","openai_input":${asked}}`);
    await test.done(id, '{"output":[{"id":"c","score":2.50}]}');
    const reply = await held;
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.headers['x-request-id']).toBe(id);
    expect(reply.body).toBe('{"id":"c","score":2.50}');
  });

  it('asks the worker for a GET with an empty body', async () => {
    const held = test.call('GET', '/v2/echo/openai/v1/models');
    const taken = await test.take();
    expect(taken).toContain('"input":{"openai_route":"/v1/models","openai_input":{}}');
    await test.done((JSON.parse(taken) as { id: string }).id, '{"output":[{"object":"list","data":[]}]}');
    expect((await held).json()).toEqual({ object: 'list', data: [] });
  });

  it('takes the answer from a handler that returns instead of yielding, or whose list was not kept', async () => {
    const returned = ask(HELLO);
    await test.done(await takeId(), '{"output":{"id":"plain"}}');
    expect((await returned).json()).toEqual({ id: 'plain' });
    const streamed = ask(HELLO);
    const id = await takeId();
    await test.chunk(id, '{"id":"chunk"}');
    await test.done(id, '{"output":[]}');
    expect((await streamed).json()).toEqual({ id: 'chunk' });
  });

  it.each([
    [
      'the worker refuses the request',
      '{"error":"{\\"message\\":\\"bad\\",\\"type\\":\\"BadRequestError\\",\\"code\\":400}"}',
      400,
    ],
    [
      'the error is the answer',
      '{"output":[{"object":"error","message":"bad","type":"NotFoundError","code":404}]}',
      404,
    ],
    ['the handler throws', '{"error":"bad"}', 500],
    ['nothing was yielded', '{"output":[]}', 502],
  ])('answers an error that is not repeated when %s', async (_name, report, status) => {
    const held = ask(HELLO);
    await test.done(await takeId(), report);
    const reply = await held;
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(reply.json()).toMatchObject({ error: { message: expect.any(String) as string } });
  });

  it('cancels the job when no worker took it in time, says why it waited and lets the client try again', async () => {
    const held = ask(HELLO, '?wait=1000');
    await test.clock.advance(1_000);
    const reply = await held;
    expect(reply.statusCode).toBe(504);
    expect(reply.headers['x-should-retry']).toBeUndefined();
    expect(reply.json()).toMatchObject({
      error: { type: 'timeout', message: expect.stringContaining('a worker is starting') as string },
    });
    expect(await test.queue.get(String(reply.headers['x-request-id']))).toMatchObject({
      status: 'CANCELLED',
    });
  });

  it('cancels a running job after 300 seconds, and has its worker stopped', async () => {
    const held = ask(HELLO);
    const id = await takeId();
    const stop = test.call('GET', '/v2/echo/job-stop/w1');
    for (let passed = 0; passed < 300_000; passed += 20_000) {
      await test.clock.advance(20_000);
      await test.call('GET', `/v2/echo/ping/w1?job_id=${id}`);
    }
    expect(await held).toMatchObject({ statusCode: 504, headers: { 'x-should-retry': 'false' } });
    expect(await test.queue.get(id)).toMatchObject({ status: 'CANCELLED' });
    await stop;
  });

  it('ends with 504 when the endpoint’s execution timeout is over', async () => {
    const own = createTestApp({ executionTimeoutMs: 5_000 });
    const held = own.call('POST', CHAT, HELLO);
    const { id } = JSON.parse(await own.take()) as { id: string };
    await own.clock.advance(5_000);
    await own.queue.tick(id);
    const reply = await held;
    expect(reply.statusCode).toBe(504);
    expect(reply.json()).toMatchObject({ error: { code: 'EXECUTION_TIMEOUT' } });
    expect(await own.stop()).toBe(0);
  });

  it('a job that its call has left behind ends by itself', async () => {
    const held = ask(HELLO, '?wait=1000');
    const id = await takeId();
    const job = await test.queue.get(id);
    expect(job && job.expiresAt - job.createdAt).toBe(601_000);
    await test.done(id, '{"output":[{}]}');
    await held;
  });

  it('sends each chunk on before the next one comes', async () => {
    const call = await open();
    await test.chunk(call.id, JSON.stringify('data: {"a":1.0}\n\n'));
    const { reply, next } = await call.started();
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(await next()).toBe('data: {"a":1.0}\n\n');
    await test.chunk(call.id, JSON.stringify('data: {"b":2}\n\ndata: [DONE]\n\n'));
    expect(await next()).toBe('data: {"b":2}\n\ndata: [DONE]\n\n');
    await test.done(call.id, '{"output":[]}');
    expect(await next()).toBeUndefined();
  });

  it('makes events of a worker that yields lists of objects', async () => {
    const call = await open();
    await test.chunk(call.id, '[{"a":1.0},{"b":2}]');
    await test.chunk(call.id, '[]');
    await test.done(call.id, '{"output":[]}');
    const { events } = await call.started();
    expect(await rest(events)).toBe('data: {"a":1.0}\n\ndata: {"b":2}\n\ndata: [DONE]\n\n');
  });

  it('streams what a handler returned that does not stream', async () => {
    const call = await open();
    await test.done(call.id, '{"output":{"object":"chat.completion"}}');
    const { events } = await call.started();
    expect(await rest(events)).toBe('data: {"object":"chat.completion"}\n\ndata: [DONE]\n\n');
  });

  it('answers an HTTP error where the first chunk or the job’s end is one', async () => {
    const refused = await open();
    await test.chunk(refused.id, '{"error":{"message":"too long","code":400}}');
    expect((await refused.started()).reply.statusCode).toBe(400);
    await test.done(refused.id, '{"output":[]}');
    const failed = await open();
    await test.done(failed.id, '{"error":"no weights"}');
    const { reply, events } = await failed.started();
    expect(reply.statusCode).toBe(500);
    expect(JSON.parse(await rest(events))).toMatchObject({ error: { message: 'no weights' } });
    const empty = await open();
    await test.done(empty.id, '{"output":[]}');
    expect((await empty.started()).reply.statusCode).toBe(502);
  });

  it('ends a broken stream with an error event and without [DONE]', async () => {
    const call = await open();
    await test.chunk(call.id, '"data: {\\"a\\":1}\\n\\n"');
    const { next, events } = await call.started();
    await next();
    await test.done(call.id, '{"error":"out of memory"}');
    expect(await rest(events)).toBe(
      'data: {"error":{"message":"out of memory","type":"server_error","param":null,"code":"HANDLER_ERROR"}}\n\n',
    );
  });

  it('does not continue an answer with another attempt', async () => {
    const call = await open();
    await test.chunk(call.id, '"data: {}\\n\\n"');
    const { events } = await call.started();
    await test.workerLost('w1', { type: 'WORKER_CRASHED', message: 'gone' });
    expect(await rest(events)).toMatch(/^data: \{\}\n\ndata: \{"error":\{"message":"the worker was lost/);
    expect(await test.queue.get(call.id)).toMatchObject({ status: 'CANCELLED' });
  });

  it('lets another attempt answer while nothing was sent yet', async () => {
    const call = await open();
    await test.workerLost('w1', { type: 'WORKER_CRASHED', message: 'gone' });
    expect(await takeId('w2')).toBe(call.id);
    await test.chunk(call.id, '"data: {}\\n\\n"', 'w2');
    await test.done(call.id, '{"output":[]}', 'w2');
    expect(await rest((await call.started()).events)).toBe('data: {}\n\n');
  });

  it('cancels the job when the client leaves in the middle, streaming or not', async () => {
    const call = await open();
    await test.chunk(call.id, '"data: {}\\n\\n"');
    const { events } = await call.started();
    events.on('error', () => {});
    const stop = test.call('GET', '/v2/echo/job-stop/w1');
    test.hangUp(CHAT);
    expect((await stop).json()).toEqual({ jobsToStop: [call.id] });
    const held = ask(HELLO).catch(() => 'gone');
    const id = await takeId('w2');
    test.hangUp(CHAT);
    expect(await held).toBe('gone');
    await test.clock.settle();
    expect(await test.queue.get(id)).toMatchObject({ status: 'CANCELLED' });
  });

  it('says nothing before the first chunk, and keeps a slow stream open with comments', async () => {
    const call = await open();
    await test.clock.advance(20_000);
    await test.chunk(call.id, '"data: {}\\n\\n"');
    const { next } = await call.started();
    expect(await next()).toBe('data: {}\n\n');
    await test.clock.advance(15_000);
    expect(await next()).toBe(': keep-alive\n\n');
    await test.chunk(call.id, '"data: half"');
    expect(await next()).toBe('data: half');
    await test.clock.advance(15_000);
    await test.chunk(call.id, '"\\n\\n"');
    expect(await next()).toBe('\n\n');
    await test.done(call.id, '{"output":[]}');
    expect(await next()).toBeUndefined();
  });

  it('ends an open stream with an error event when the gateway stops', async () => {
    const call = await open();
    await test.chunk(call.id, '"data: {}\\n\\n"');
    const { next, events } = await call.started();
    await next();
    test.waiters.stop();
    expect(await rest(events)).toContain('"code":"SHUTTING_DOWN"');
  });

  it.each([
    ['no key', {}, 401, 'UNAUTHORIZED'],
    ['a wrong body', { authorization: 'spk_admin-key-of-the-tests' }, 400, 'INPUT_INVALID'],
    [
      'a form',
      { authorization: 'spk_admin-key-of-the-tests', 'content-type': 'multipart/form-data; boundary=x' },
      400,
      'INPUT_INVALID',
    ],
  ])('refuses %s in OpenAI’s form', async (_name, headers, status, code) => {
    const reply = await test.app.inject({ method: 'POST', url: CHAT, headers, payload: '[1]' });
    expect(reply.statusCode).toBe(status);
    expect(reply.json()).toMatchObject({ error: { code, message: expect.any(String) as string } });
  });

  it('answers an unknown endpoint in OpenAI’s form', async () => {
    const reply = await test.call('POST', '/v2/nope/openai/v1/chat/completions', HELLO);
    expect(reply.json()).toMatchObject({ error: { type: 'not_found_error', code: 'ENDPOINT_NOT_FOUND' } });
  });
});

/** The next text that the stream brings; undefined at its end. */
async function nextText(events: Readable): Promise<string | undefined> {
  for (;;) {
    const text = events.read() as Buffer | null;
    if (text !== null) return text.toString();
    if (events.readableEnded) return undefined;
    await Promise.race([once(events, 'readable'), once(events, 'end')]);
  }
}

async function rest(events: Readable): Promise<string> {
  let text = '';
  for await (const part of events) text += String(part);
  return text;
}
