import { readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { JobDetail } from '@spillway/protocol/v1';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// Reports of workers that are too large to be read into memory: what becomes of them, and what they cost there.
const MB = 1_000_000;
const YAML = `
artifacts: { quota: { total: 380m } }
endpoints:
  echo: { backends: [pool] }
`;

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, YAML);
});
afterAll(() => gateway.stop());

/** A job that this worker runs. */
async function running(worker = 'w1'): Promise<string> {
  const { id } = (await (await gateway.call('POST', '/v2/echo/run', { input: {} })).json()) as { id: string };
  await gateway.call('GET', `/v2/echo/job-take/${worker}?job_in_progress=0`);
  return id;
}

/** Sends these pieces as they come, as a body whose length is not told unless it is said. */
async function send(target: string, pieces: Iterable<string>, sizeBytes?: number): Promise<number> {
  const headers = {
    authorization: ADMIN_KEY,
    ...(sizeBytes === undefined ? {} : { 'content-length': sizeBytes }),
  };
  const request = http.request(gateway.url + target, { method: 'POST', headers });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  answered.catch(() => undefined);
  await pipeline(Readable.from(pieces), request);
  const reply = await answered;
  reply.resume();
  return reply.statusCode ?? 0;
}

const done = (id: string, body: string, worker = 'w1') =>
  send(`/v2/echo/job-done/${worker}/${id}?gpu=cpu`, [body], Buffer.byteLength(body));
const jobOf = async (id: string) =>
  (await (await gateway.call('GET', `/v1/jobs/${id}`)).json()) as JobDetail & { output?: unknown };
const TEXT = 'aé😀'.repeat(200_000);
const spooled = () => readdir(path.join(gateway.folder, '.spillway/spool')).catch(() => []);

const PIECE = 'x'.repeat(MB / 20);
function* bodyOf(megabytes: number): Generator<string> {
  yield '{"output":"';
  // Short ones, of which a sender that waits holds several.
  for (let count = 0; count < megabytes * 20; count += 1) yield PIECE;
  yield '"}';
}

test('a large output comes back letter for letter, wherever it stands in its report and however it is sent', async () => {
  const output = { b: [1.5, 12345678901234567890n.toString()], text: TEXT };
  const first = await running();
  expect(await done(first, ` {"stopPod": false , "output" :\n ${JSON.stringify(output)} \n}`)).toBe(200);
  expect(await jobOf(first)).toMatchObject({ status: 'COMPLETED', output });
  const second = await running();
  const body = JSON.stringify({ output });
  // Without its length.
  const pieces = body.match(/.{1,50000}/gsu) ?? [];
  expect(await send(`/v2/echo/job-done/w1/${second}?gpu=cpu`, pieces)).toBe(200);
  expect((await jobOf(second)).output).toEqual(output);
  const third = await running();
  expect(await done(third, `{"output":"${TEXT}","output":7}`)).toBe(200);
  expect((await jobOf(third)).output).toBe(7);
});

test('an error keeps its large output, and a large error its words', async () => {
  const id = await running();
  await done(id, JSON.stringify({ error: 'no luck', output: { TEXT }, failure: { type: 'OUT_OF_MEMORY' } }));
  expect(await jobOf(id)).toMatchObject({ status: 'FAILED', error: 'no luck', output: { TEXT } });
});

test('a large chunk is kept in its place, and large progress is told of', async () => {
  const id = await running();
  const chunk = JSON.stringify({ output: TEXT });
  const target = `/v2/echo/job-stream/w1/${id}?chunk=0`;
  for (let count = 0; count < 2; count += 1)
    expect(await send(target, [chunk], Buffer.byteLength(chunk))).toBe(200);
  const read = await gateway.call('GET', `/v2/echo/stream/${id}?offset=0`);
  expect(await read.json()).toMatchObject({ stream: [{ output: TEXT }] });
  await done(id, JSON.stringify({ status: 'IN_PROGRESS', output: TEXT }));
  expect(await jobOf(id)).toMatchObject({
    status: 'IN_PROGRESS',
    progress: expect.stringMatching(/^progress of \d+ char/),
  });
  await done(id, '{}');
});

test.each([
  [
    'a number that only Python knows',
    `{"output": {"text": "${TEXT}", "score": NaN}}`,
    /it holds NaN, .* None in Python/,
  ],
  [
    'an end in the middle',
    `{"output": "${TEXT}`,
    /could not be read: it is no JSON object \(it ends in the middle\)/,
  ],
  ['a beginning that is none', `[{"output": "${TEXT}"}]`, /it is no JSON object \(unexpected "\["/],
  ['megabytes beside its output', `{"error": "${TEXT}"}`, /what stands beside its output is over 1 MiB/],
])('a large report with %s ends its job, and says so', async (_, body, error) => {
  const id = await running();
  expect(await done(id, body)).toBe(200);
  expect(await jobOf(id)).toMatchObject({ status: 'FAILED', error: expect.stringMatching(error) });
});

test('a report that breaks off leaves its job and nothing on the disk', async () => {
  const id = await running();
  const request = http.request(`${gateway.url}/v2/echo/job-done/w1/${id}?gpu=cpu`, {
    ...{ method: 'POST', headers: { authorization: ADMIN_KEY, 'content-length': 50 * MB } },
  });
  request.on('error', () => undefined);
  await new Promise((resolve) => request.write(`{"output":"${'x'.repeat(5 * MB)}`, resolve));
  await expect.poll(async () => (await spooled()).length).toBe(1);
  request.destroy();
  await expect.poll(spooled).toEqual([]);
  expect((await jobOf(id)).status).toBe('IN_PROGRESS');
  await done(id, '{}');
});

test('four workers who send 80 MB each at once hardly fill the memory', async () => {
  const workers = Array.from({ length: 4 }, (_, index) => `w${index + 10}`);
  await Promise.all(workers.map(() => gateway.call('POST', '/v2/echo/run', { input: {} })));
  const taken = await Promise.all(
    workers.map(async (worker) => {
      const reply = await gateway.call('GET', `/v2/echo/job-take/${worker}?job_in_progress=0`);
      return { worker, id: ((await reply.json()) as { id: string }).id };
    }),
  );
  globalThis.gc?.();
  const held = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, held() - before);
  }, 50);
  const sent = await Promise.all(
    taken.map(({ worker, id }) => send(`/v2/echo/job-done/${worker}/${id}?gpu=cpu`, bodyOf(80))),
  );
  clearInterval(watch);
  expect(sent).toEqual([200, 200, 200, 200]);
  // Of 320 MB; the senders are in this process, too, and a busy machine leaves garbage lying.
  expect(most).toBeLessThan(160 * MB);
  const shown = await gateway.call('GET', `/v2/echo/status/${taken[3]?.id}?values=url`);
  expect(await shown.json()).toMatchObject({ status: 'COMPLETED', outputUrl: { method: 'GET' } });
  expect(await spooled()).toEqual([]);
});

test('a large output without room ends its job with the quota’s sentence', async () => {
  const id = await running();
  expect(await send(`/v2/echo/job-done/w1/${id}?gpu=cpu`, bodyOf(99))).toBe(200);
  expect(await jobOf(id)).toMatchObject({
    status: 'FAILED',
    error: expect.stringMatching(/its output could not be kept: .*artifacts\.quota\.total/),
  });
});
