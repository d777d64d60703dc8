import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMIN_KEY, type ArtifactGateway, startArtifactGateway } from './artifact-gateway.ts';

// What many large answers at once cost in memory, while nobody reads them.
const MB = 1_000_000;
const READERS = 20;
const VALUE_BYTES = 40 * MB;
/** A piece of each, what Node keeps of it for its socket, and what the rest of a gateway needs. */
const HELD_AT_MOST = 120 * MB;

let gateway: ArtifactGateway;
beforeAll(async () => {
  gateway = await startArtifactGateway({}, 'endpoints: { echo: { backends: [pool] } }\n');
});
afterAll(() => gateway.stop());

async function post(path: string, body: unknown): Promise<{ id: string }> {
  return (await (await gateway.call('POST', path, body)).json()) as { id: string };
}

/** Asks and reads nothing but the first bytes of the answer. */
async function askAndStall(path: string): Promise<net.Socket> {
  const { port, hostname } = new URL(gateway.url);
  const socket = net.connect(Number(port), hostname);
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ADMIN_KEY}\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

const heldBytes = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function restOf(socket: net.Socket): Promise<number> {
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += chunk.length;
    if (bytes >= VALUE_BYTES) break;
  }
  return bytes;
}

test('20 clients who ask for 40 MB each and are slow to read them don’t fill the memory', async () => {
  const { id } = await post('/v2/echo/run', { input: {} });
  await gateway.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
  await post(`/v2/echo/job-done/w1/${id}?gpu=cpu`, { output: 'x'.repeat(VALUE_BYTES) });
  globalThis.gc?.();
  const before = heldBytes();
  const sockets = await Promise.all(
    Array.from({ length: READERS }, () => askAndStall(`/v2/echo/status/${id}`)),
  );
  // What is not collected yet may be more for a moment.
  await expect.poll(() => heldBytes() - before).toBeLessThan(HELD_AT_MOST);
  const [first, ...others] = sockets;
  for (const socket of others) socket.destroy();
  expect(first && (await restOf(first))).toBeGreaterThan(VALUE_BYTES);
  first?.destroy();
});

test('a worker that hangs up in the middle of a large input leaves the job to others', async () => {
  const input = { text: 'x'.repeat(9 * MB) };
  const { id } = await post('/v2/echo/run', { input });
  const stalled = await askAndStall('/v2/echo/job-take/w2?job_in_progress=0');
  stalled.destroy();
  const again = await gateway.call('GET', '/v2/echo/job-take/w3?job_in_progress=0');
  expect(await again.json()).toMatchObject({ id, input });
  const shown = (await (await gateway.call('GET', `/v1/jobs/${id}?values=url`)).json()) as {
    attempt: number;
    attempts: { workerId: string }[];
  };
  expect(shown.attempts.map(({ workerId }) => workerId)).toContain('w3');
});

test('a client of RunPod’s job API may ask for a URL in place of a large output', async () => {
  const { id } = await post('/v2/echo/run', { input: {} });
  await gateway.call('GET', '/v2/echo/job-take/w1?job_in_progress=0');
  await post(`/v2/echo/job-done/w1/${id}?gpu=cpu`, { output: 'x'.repeat(MB) });
  const reply = await gateway.call('GET', `/v2/echo/status/${id}?values=url`);
  const shown = (await reply.json()) as { outputUrl: { url: string } };
  expect(shown).toMatchObject({ id, status: 'COMPLETED' });
  expect(shown).not.toHaveProperty('output');
  expect(await (await fetch(shown.outputUrl.url)).json()).toBe('x'.repeat(MB));
});
