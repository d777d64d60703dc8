// Bodies as they arrive at a worker that serves HTTP itself: forms with a file, and bodies that are too large, stop in the
// middle, are compressed or lie about themselves.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { detectRoutes } from '../src/detect/routes.ts';
import type { PodRoute } from '../src/pod/pod-route.ts';
import { type PodServer, startPodServer } from '../src/pod/pod-server.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';

let pod: PodServer;
let inputs: Record<string, unknown>[];

const handler: WorkerInstance['handler'] = async ({ input }) => {
  inputs.push(input);
  return { frame_id: input.frame_id ?? null };
};
const small: PodRoute = {
  ...{ method: 'POST', path: '/small', maxBodyBytes: 0, form: { file: 'file', maxFileBytes: 50_000 } },
  handle: async ({ form }) => ({ body: form?.file.length }),
};
const worker: WorkerInstance = {
  ...{ handler, concurrency: 1, routes: [...detectRoutes(handler), small] },
  info: () => ({
    ...{ worker: 'echo', models: [], settings: {} },
    engine: { provider: 'cpu', threads: 1, eventLoopLagMs: { p99: 0, max: 0 } },
  }),
  stop: async () => {},
};

async function start(more: { bodyIdleMs?: number } = {}): Promise<void> {
  pod = await startPodServer({
    name: 'echo',
    settings: { host: '127.0.0.1', port: 0, apiKey: undefined },
    newId: () => 'call',
    onError: () => {},
    ...more,
  });
  pod.ready(worker);
}

beforeEach(() => {
  inputs = [];
  return start();
});
afterEach(() => pod.stop());

type Parts = Readonly<Record<string, string | Blob | readonly (string | Blob)[]>>;

async function upload(parts: Parts, path = '/detect/upload') {
  const form = new FormData();
  for (const [name, values] of Object.entries(parts))
    for (const value of Array.isArray(values) ? values : [values])
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, value, 'photo.jpg');
  return answerOf(await fetch(`${pod.url}${path}`, { method: 'POST', body: form }));
}

async function answerOf(reply: Response) {
  const body = (await reply.json()) as { error?: { code: string }; detail?: string };
  return { status: reply.status, code: body.error?.code, detail: body.detail, body };
}

const picture = (size = 4) => new Blob([Buffer.alloc(size, 7)], { type: 'image/jpeg' });

describe('an upload', () => {
  test('is a picture in a form, with the settings beside it', async () => {
    const { status, body } = await upload({
      ...{
        file: picture(),
        include_masks: 'True',
        confidence_threshold: '0.5',
        frame_id: 'f',
        mm_per_pixel: '',
      },
    });
    expect([status, body]).toEqual([200, { frame_id: 'f' }]);
    expect(inputs).toEqual([
      { image: 'BwcHBw==', include_masks: true, confidence_threshold: 0.5, frame_id: 'f' },
    ]);
  });

  test('may have its settings in the query', async () => {
    await upload({ file: picture() }, '/detect/upload?include_masks=true');
    expect(inputs).toMatchObject([{ include_masks: true }]);
  });

  test('is read whole, however large', async () => {
    await upload({ file: picture(3_000_000) });
    const got = Buffer.from(String(inputs[0]?.image), 'base64');
    expect(got.equals(Buffer.alloc(3_000_000, 7))).toBe(true);
  });

  test('of a value that is none is left to the check of the input', async () => {
    await upload({ file: picture(), include_masks: 'constructor', confidence_threshold: 'high' });
    expect(inputs).toMatchObject([{ include_masks: 'constructor', confidence_threshold: 'high' }]);
  });

  test.each<[string, Parts, number, string, RegExp]>([
    ['without a file', { include_masks: '1' }, 400, 'INPUT_INVALID', /^file: expected a file of this name/],
    ['of nothing', { file: new Blob([]) }, 400, 'INPUT_INVALID', /^file: is empty/],
    [
      'under another name',
      { image: picture() },
      400,
      'INPUT_INVALID',
      /^image: no such file is expected; send it as file/,
    ],
    ['of two files', { file: [picture(), picture()] }, 400, 'INPUT_INVALID', /^file: expected one file/],
    ['of a file as text', { file: 'BwcH' }, 400, 'INPUT_INVALID', /^file: expected a file of this name/],
    [
      'of a long field',
      { file: picture(), frame_id: 'x'.repeat(10_001) },
      400,
      'INPUT_INVALID',
      /^frame_id: expected at most 10000 bytes/,
    ],
    [
      'of many fields',
      { frame_id: Array(21).fill('x'), file: picture() },
      400,
      'INPUT_INVALID',
      /more than 20 fields/,
    ],
  ])('%s is refused', async (_name, parts, status, code, detail) => {
    expect(await upload(parts)).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
    expect(inputs).toEqual([]);
  });

  test('that is too large is refused as soon as it is', async () => {
    const large = { file: picture(60_000) };
    expect(await upload(large, '/small')).toMatchObject({ status: 413, detail: 'file: larger than 0 MB.' });
    const huge = { file: picture(1_000_000) };
    expect(await upload(huge, '/small')).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
  });

  test.each([
    ['that is JSON', 'application/json', '{}', 415],
    ['without a boundary', 'multipart/form-data', '--x--', 400],
    [
      'that ends in its file',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
      400,
    ],
    ['that is something else', 'multipart/form-data; boundary=x', 'hello', 400],
  ])('%s is refused', async (_name, type, body, status) => {
    const reply = await fetch(`${pod.url}/detect/upload`, {
      ...{ method: 'POST', body, headers: { 'content-type': type } },
    });
    expect(await answerOf(reply)).toMatchObject({ status });
    expect(inputs).toEqual([]);
  });
});

describe('a body', () => {
  test('that is compressed is refused before it is unpacked', async () => {
    const body = new Uint8Array(gzipSync(Buffer.alloc(10_000_000)));
    const headers = { 'content-encoding': 'gzip' };
    const reply = await fetch(`${pod.url}/detect`, { method: 'POST', body, headers });
    expect(await answerOf(reply)).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  /** What is answered to these bytes on a connection that stays open. */
  async function send(...parts: readonly (string | Buffer)[]): Promise<string> {
    const socket = connect(Number(new URL(pod.url).port), '127.0.0.1');
    // What the server does not want any more, it may cut off.
    socket.on('error', () => {});
    for (const part of parts) socket.write(part);
    const [first] = (await once(socket, 'data')) as [Buffer];
    socket.end();
    return `${first}${await text(socket).catch(() => '')}`;
  }
  const head = (line: string) => `POST /detect HTTP/1.1\r\nhost: x\r\n${line}\r\n\r\n`;

  test('that stops in the middle is given up, and says so', async () => {
    await pod.stop();
    await start({ bodyIdleMs: 20 });
    const answer = await send(head('content-length: 100'), '{"image": "');
    expect(answer).toMatch(/^HTTP\/1.1 408 .*REQUEST_TIMEOUT.*nothing came for 0.02 s/s);
  });

  test('that never ends is cut at the limit', async () => {
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 32), Buffer.from('\r\n')]);
    const answer = await send(head('transfer-encoding: chunked'), ...Array<Buffer>(33).fill(chunk));
    expect(answer).toMatch(/^HTTP\/1.1 413 .*The body is larger than 32 MB/s);
  });

  test.each([
    ['that is too large', '', 413],
    ['that is compressed', 'content-encoding: gzip\r\n', 415],
    ['after which the connection shall end', 'connection: close\r\n', 413],
  ])('%s is told so, also when it is sent to its end', async (_name, header, status) => {
    const bytes = 33 * 1024 * 1024;
    const socket = connect(Number(new URL(pod.url).port), '127.0.0.1');
    socket.write(head(`${header}content-length: ${bytes}`));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.write(Buffer.alloc(bytes, 32), (error) => (error ? reject(error) : resolve()));
    });
    socket.end();
    expect(await text(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('that is longer than it says is no second call', async () => {
    const answer = await send(head('content-length: 2'), '{}GET /detect');
    expect(answer).toMatch(/^HTTP\/1.1 \d{3} /);
    expect(answer).not.toMatch(/405/);
  });

  test('of broken UTF-8 is no JSON', async () => {
    const body = Buffer.from('{"image": "\xff"}', 'latin1');
    const reply = await fetch(`${pod.url}/detect`, { method: 'POST', body });
    expect(await answerOf(reply)).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/is not JSON/),
    });
  });
});

test('a path that cannot be read is refused, and one with two slashes names no host', async () => {
  const socket = connect(Number(new URL(pod.url).port), '127.0.0.1');
  socket.write('GET //other/health HTTP/1.1\r\nhost: x\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 404 /);
  socket.destroy();
});
