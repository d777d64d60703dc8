import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { runHandler } from '@spillway/sdk/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startClip } from '../src/clip/worker.ts';
import type { WorkerInstance } from '../src/worker-instance.ts';

const SHAPES = path.join(import.meta.dirname, 'fixtures/shapes');

interface Truth {
  readonly file: string;
  readonly colour: string;
  readonly kind: string;
  readonly count: number;
}

const truth = JSON.parse(readFileSync(path.join(SHAPES, 'truth.json'), 'utf8')) as Truth[];
const read = (file: string) => readFileSync(path.join(SHAPES, file));

let worker: WorkerInstance;
let server: Server;
let origin: string;
const warnings: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/drawing.svg') response.end('<svg xmlns="http://www.w3.org/2000/svg"/>');
    else if (request.url === '/cut.jpg') response.end(read('00.jpg').subarray(0, 600));
    else if (request.url === '/bomb.png') response.end(pngOf(30_000, 30_000));
    else if (request.url === '/page.jpg') response.setHeader('content-type', 'image/jpeg').end('<html>');
    else response.end(read('00.jpg'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { EMBEDDING_AUTH: 'off', SPILLWAY_ALLOW_PRIVATE_URLS: '127.0.0.1' };
  worker = await startClip({ env, warn: (message) => warnings.push(message) });
});
afterAll(async () => {
  await worker.stop();
  server.closeAllConnections();
  server.close();
});

const run = (input: Record<string, unknown>, options = {}) => runHandler(worker.handler, input, options);

async function embedAll(inputs: readonly Record<string, unknown>[]): Promise<number[][]> {
  const runs = await Promise.all(inputs.map((input, at) => run(input, { jobId: `job-${at}` })));
  return runs.map((one) => {
    expect(one.error).toBeUndefined();
    return (one.output as { embedding: number[] }).embedding;
  });
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
const best = (vector: readonly number[], others: readonly (readonly number[])[]) => {
  const scores = others.map((other) => dot(vector, other));
  return scores.indexOf(Math.max(...scores));
};
const pictures = () => embedAll(truth.map(({ file }) => ({ image: read(file).toString('base64') })));

describe('the demo model, on pictures that it never saw', () => {
  const plural = (kind: string) => (kind === 'cross' ? 'crosses' : `${kind}s`);
  const classes = [...new Set(truth.map(({ colour, kind }) => `${colour} ${plural(kind)}`))];

  test('tells what they show by text alone, nine times of ten', async () => {
    const said = await embedAll(classes.map((words) => ({ text: `a photo of ${words}` })));
    const found = (await pictures()).map((vector) => classes[best(vector, said)]);
    const right = truth.filter(({ colour, kind }, at) => found[at] === `${colour} ${plural(kind)}`);
    expect(classes.length).toBeGreaterThan(20);
    expect(right.length / truth.length).toBeGreaterThanOrEqual(0.9);
  });

  test('has pictures of the same beside each other', async () => {
    const vectors = await pictures();
    const scored = vectors.map((vector, at) => {
      const others = vectors.map((other, place) => (place === at ? [] : other));
      return { own: truth[at], near: truth[best(vector, others)] };
    });
    const alone = scored.filter(({ own }) => truth.filter((one) => one.colour === own?.colour).length > 1);
    const same = alone.filter(({ own, near }) => own?.colour === near?.colour);
    expect(same.length / alone.length).toBeGreaterThanOrEqual(0.9);
  });

  test('calls itself demo, and gives 512 numbers of length 1', async () => {
    const { output } = await run({ image_url: `${origin}/a.jpg`, request_id: 'r' });
    expect(output).toMatchObject({
      request_id: 'r',
      dim: 512,
      model: 'demo-clip',
      pretrained: 'demo',
      normalized: true,
    });
    const { embedding } = output as { embedding: number[] };
    expect(dot(embedding, embedding)).toBeCloseTo(1, 5);
  });
});

test('the same picture has the same vector alone, in a batch and among other jobs', async () => {
  const image = read('01.jpg').toString('base64');
  const [alone = []] = await embedAll([{ image }]);
  const { output } = await run({ images: [{ image }, { image: read('02.jpg').toString('base64') }] });
  const [first] = (output as { results: { embedding: number[] }[] }).results;
  const [among = []] = await embedAll([
    { image },
    ...truth.slice(2, 9).map(({ file }) => ({ image: read(file).toString('base64') })),
  ]);
  expect(dot(alone, first?.embedding ?? [])).toBeCloseTo(1, 5);
  expect(dot(alone, among)).toBeCloseTo(1, 5);
});

test.each([
  ['/drawing.svg', 'INPUT_INVALID', /is an SVG drawing/],
  ['/page.jpg', 'INPUT_INVALID', /is an HTML page/],
  ['/cut.jpg', 'INPUT_INVALID', /cut off|damaged/],
  ['/bomb.png', 'INPUT_INVALID', /30000 x 30000 pixels/],
])('%s is refused', async (file, code, message) => {
  const { error, output } = await run({ image_url: `${origin}${file}` });
  expect(error).toMatch(message);
  expect(output).toMatchObject({ code });
});

test.each([
  ['http://10.0.0.1/a.jpg', 'DOWNLOAD_ERROR', /not on the public internet/],
  ['http://[::ffff:10.0.0.1]/a.jpg', 'DOWNLOAD_ERROR', /not on the public internet/],
  ['ftp://example.com/a.jpg', 'INPUT_INVALID', /begins with http/],
])('%s is not fetched', async (url, code, message) => {
  const { error, output } = await run({ image_url: url });
  expect(error).toMatch(message);
  expect(output).toMatchObject({ code });
});

test('a job that is cancelled ends, and the others go on', async () => {
  const enough = new AbortController();
  const image = read('03.jpg').toString('base64');
  const cancelled = run({ image }, { signal: enough.signal, jobId: 'x' });
  const other = run({ image }, { jobId: 'y' });
  enough.abort();
  expect((await cancelled).status).toBe('CANCELLED');
  expect((await other).status).toBe('COMPLETED');
});

test('without a secret it does not start, and open it says so', async () => {
  await expect(startClip({ env: {}, warn: () => {} })).rejects.toThrow(/^EMBEDDING_HMAC_SECRET is not set/);
  expect(warnings).toEqual([expect.stringMatching(/^EMBEDDING_AUTH=off/)]);
});

/** The first bytes of a picture of that size, and no more. */
function pngOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(33);
  header.write('\x89PNG\r\n\x1a\n', 0, 'latin1');
  header.writeUInt32BE(13, 8);
  header.write('IHDR', 12, 'latin1');
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 2, 0, 0, 0], 24);
  return header;
}
