// The official npm client of OpenAI against the gateway's OpenAI route and workers that the gateway starts: one on our
// SDK, and the official Python worker of RunPod with a handler as vLLM's worker has it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI, { APIError, BadRequestError, InternalServerError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { nodeEndpoint } from '../harness/node-worker.ts';
import { pythonWithRunpod } from '../harness/python-sdk.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

const WORKER = `
import { existsSync, writeFileSync } from 'node:fs';
import { startWorker } from '${import.meta.resolve('@spillway/sdk/worker')}';

const answer = (content) => ({
  id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'demo',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});
const chunk = (content) => ({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'demo',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
});
const event = (content) => 'data: ' + JSON.stringify(chunk(content)) + '\\n\\n';

async function* chat(body, context) {
  const words = body.messages.at(-1).content.split(' ');
  if (body.model === 'absent') {
    yield { error: { message: 'The model does not exist.', type: 'NotFoundError', param: 'model', code: 404 } };
  } else if (body.model === 'broken') {
    throw new Error('no weights');
  } else if (!body.stream) {
    yield answer(words.toReversed().join(' '));
  } else if (body.model === 'lists') {
    yield words.map(chunk);
  } else if (body.model === 'breaks') {
    yield event('half');
    throw new Error('out of memory');
  } else {
    try {
      for (const word of words) {
        yield event(word);
        // The next word is made only when the test has the one before.
        while (body.user && !existsSync(word + '.seen') && !context.signal.aborted)
          await new Promise((resolve) => setTimeout(resolve, 5));
      }
      yield 'data: [DONE]\\n\\n';
    } finally {
      if (context.signal.aborted) writeFileSync('stopped', '');
    }
  }
}

await startWorker({
  returnAggregateStream: true,
  concurrency: 4,
  async *handler(job, context) {
    const { openai_route: route, openai_input: body } = job.input;
    if (route === '/v1/chat/completions') yield* chat(body, context);
    else if (route === '/v1/models')
      yield { object: 'list', data: [{ id: 'demo', object: 'model', created: 1, owned_by: 'us' }] };
    else if (route === '/v1/embeddings') {
      const vector = new Float32Array([0.25, -1, body.input.length]);
      const base64 = Buffer.from(vector.buffer).toString('base64');
      const embedding = body.encoding_format === 'base64' ? base64 : [...vector];
      yield { object: 'list', model: 'demo', data: [{ object: 'embedding', index: 0, embedding }] };
    } else yield { object: 'error', message: 'Invalid route', type: 'BadRequestError', param: null, code: 400 };
  },
});
`;

const PYTHON_WORKER = `
import json, runpod
async def handler(job):
    body = job["input"]["openai_input"]
    if body["model"] != "demo":
        yield {"error": {"message": "The model 'x' isn't here.", "type": "NotFoundError", "param": None, "code": 404}}
        return
    if not body.get("stream"):
        yield {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}
        return
    for word in ["a", "b"]:
        yield "data: " + json.dumps({"id": "c", "choices": [{"index": 0, "delta": {"content": word}}]}) + "\\n\\n"
    yield "data: [DONE]\\n\\n"
runpod.serverless.start({"handler": handler, "return_aggregate_stream": True})
`;

interface Jobs {
  readonly jobs: readonly { id: string; status: string }[];
}

const python = pythonWithRunpod();
const say = (content: string) => [{ role: 'user' as const, content }];

let test: TestGateway;
let openai: OpenAI;

beforeAll(async () => {
  const more = '    workers: { max: 1, idleTimeout: 60s }\n    cancelGrace: 5s\n';
  const vllm =
    python === undefined ? '' : `  vllm:\n    command: [${python}, -u, vllm.py]\n    cwd: .\n${more}`;
  test = await startGateway(`endpoints:\n${nodeEndpoint('llm', 'llm.mjs', more)}${vllm}`, {
    'llm.mjs': WORKER,
    'vllm.py': PYTHON_WORKER,
  });
  openai = clientOf('llm');
});
afterAll(() => test.stop());

const clientOf = (endpoint: string) =>
  new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${test.url}/v2/${endpoint}/openai/v1` });
const jobs = async () => ((await (await test.call('/v1/jobs?endpoint=llm')).json()) as Jobs).jobs;
const inFolder = (name: string) => join(test.folder, name);

describe('the official OpenAI client', () => {
  it('gets a chat completion, and the job’s id as the request’s', async () => {
    const reply = await openai.chat.completions.create({ model: 'demo', messages: say('one two three') });
    expect(reply.choices[0]?.message.content).toBe('three two one');
    expect(reply.usage?.total_tokens).toBe(5);
    expect(reply._request_id).toBe((await jobs())[0]?.id);
  });

  it('gets a stream’s words one by one, each before the worker makes the next', async () => {
    const stream = await openai.chat.completions.create({
      model: 'demo',
      messages: say('alpha beta gamma'),
      stream: true,
      user: 'waits for each word to be seen',
    });
    const words: string[] = [];
    for await (const part of stream) {
      const word = part.choices[0]?.delta.content ?? '';
      words.push(word);
      writeFileSync(inFolder(`${word}.seen`), '');
    }
    expect(words).toEqual(['alpha', 'beta', 'gamma']);
  });

  it('reads a stream of a worker that yields lists of objects', async () => {
    const stream = await openai.chat.completions.create({
      model: 'lists',
      messages: say('x y'),
      stream: true,
    });
    const words: string[] = [];
    for await (const part of stream) words.push(part.choices[0]?.delta.content ?? '');
    expect(words).toEqual(['x', 'y']);
  });

  it('lists models', async () => {
    const models = await openai.models.list();
    expect(models.data.map((model) => model.id)).toEqual(['demo']);
  });

  it('gets embeddings, which it asks for as base64', async () => {
    const reply = await openai.embeddings.create({ model: 'demo', input: 'four' });
    expect(reply.data[0]?.embedding).toEqual([0.25, -1, 4]);
    const plain = await openai.embeddings.create({ model: 'demo', input: 'x', encoding_format: 'float' });
    expect(plain.data[0]?.embedding).toEqual([0.25, -1, 1]);
  });

  it.each([false, true])(
    'sees a worker’s refusal as its own error, asked once (stream: %s)',
    async (stream) => {
      const before = (await jobs()).length;
      const asked = openai.chat.completions.create({ model: 'absent', messages: say('x'), stream });
      const error = await asked.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ status: 404, message: '404 The model does not exist.', param: 'model' });
      expect((await jobs()).length).toBe(before + 1);
    },
  );

  it('sees a handler that throws as a server error, and does not run it again by itself', async () => {
    const before = (await jobs()).length;
    const error = await openai.chat.completions.create({ model: 'broken', messages: say('x') }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InternalServerError);
    expect((error as APIError).message).toBe('500 no weights');
    expect((await jobs()).length).toBe(before + 1);
  });

  it('sees an error in the middle of a stream as an error, not as the end', async () => {
    const stream = await openai.chat.completions.create({
      model: 'breaks',
      messages: say('x'),
      stream: true,
    });
    const words: string[] = [];
    const read = async () => {
      for await (const part of stream) words.push(part.choices[0]?.delta.content ?? '');
    };
    await expect(read()).rejects.toThrow(APIError);
    expect(words).toEqual(['half']);
  });

  it('gets 400 for a path that the worker does not have', async () => {
    await expect(openai.completions.create({ model: 'demo', prompt: 'x' })).rejects.toThrow(BadRequestError);
  });

  it('gets 401 and 404 for a wrong key and an unknown endpoint', async () => {
    const stranger = openai.withOptions({ apiKey: 'wrong' });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    await expect(clientOf('nope').models.list()).rejects.toMatchObject({ status: 404 });
  });

  it('a client that leaves in the middle of a stream cancels the job, and the worker stops', async () => {
    const stream = await openai.chat.completions.create({
      model: 'demo',
      messages: say('never seen'),
      stream: true,
      user: 'waits',
    });
    for await (const part of stream) {
      expect(part.choices[0]?.delta.content).toBe('never');
      stream.controller.abort();
    }
    await until(async () => (await jobs())[0]?.status === 'CANCELLED');
    await until(() => existsSync(inFolder('stopped')));
    // The worker goes on with others.
    const next = await openai.chat.completions.create({ model: 'demo', messages: say('a b') });
    expect(next.choices[0]?.message.content).toBe('b a');
  });
});

describe.skipIf(python === undefined)('the official OpenAI client on the official Python worker', () => {
  it('gets an answer, a stream, and an error with its status', async () => {
    const client = clientOf('vllm');
    const reply = await client.chat.completions.create({ model: 'demo', messages: say('x') });
    expect(reply.choices[0]?.message.content).toBe('hi');
    const stream = await client.chat.completions.create({ model: 'demo', messages: say('x'), stream: true });
    const words: string[] = [];
    for await (const part of stream) words.push(part.choices[0]?.delta.content ?? '');
    expect(words).toEqual(['a', 'b']);
    await expect(client.chat.completions.create({ model: 'x', messages: say('x') })).rejects.toMatchObject({
      status: 404,
      message: "404 The model 'x' isn't here.",
      type: 'NotFoundError',
    });
  });
});
