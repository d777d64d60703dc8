// Proves that a handler can return files of any size: uploaded by its own process, read by whoever submitted the job and
// by nobody else, with a URL that needs no key.
import { createHash } from 'node:crypto';
import { createClient } from '@spillway/sdk/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';
import { startGateway, type TestGateway } from '../harness/start-gateway.ts';

/** Over the size from which on uploads go in parts. */
const LARGE_BYTES = 40 * 1024 * 1024;
const WORKER = nodeWorker(`
    const { writeFile } = await import('node:fs/promises');
    if (job.input.file) return context.artifacts.upload(job.input.file);
    await writeFile('large.bin', Buffer.alloc(${LARGE_BYTES}, 'spillway'));
    const large = await context.artifacts.upload('large.bin', { name: 'räume.bin' });
    const note = await context.artifacts.upload(new TextEncoder().encode('done'), { name: 'note.txt', mediaType: 'text/plain' });
    return { large, note };`);

let gateway: TestGateway;
beforeEach(async () => {
  const yaml = `endpoints:\n${nodeEndpoint('make', 'make.mjs', '    workers: { min: 1, max: 1 }\n')}`;
  gateway = await startGateway(yaml, { 'make.mjs': WORKER });
});
afterEach(() => gateway.stop());

interface Made {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly url: string;
}

async function clientWithKey(name: string) {
  const reply = await gateway.call('/v1/keys', { json: { name, scope: 'client' } });
  const { key } = (await reply.json()) as { key: string };
  return createClient({ baseUrl: `${gateway.url}/v2`, apiKey: key });
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a worker returns files beside its output, for whoever submitted the job', async () => {
  const [mine, others] = [await clientWithKey('mine'), await clientWithKey('others')];
  const reply = await mine.endpoint('make').runSync({});
  expect(reply).toMatchObject({
    status: 'COMPLETED',
    output: {
      large: { name: 'räume.bin', sizeBytes: LARGE_BYTES },
      note: { name: 'note.txt', mediaType: 'text/plain', sizeBytes: 4 },
    },
  });
  const { large, note } = reply.output as { large: Made; note: Made };
  const noted = await fetch(note.url);
  expect([await noted.text(), noted.headers.get('content-type')]).toEqual(['done', 'text/plain']);
  const { url } = await mine.artifacts.downloadUrl(large.id);
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  expect(sha256(bytes)).toBe(sha256(Buffer.alloc(LARGE_BYTES, 'spillway')));
  expect((await mine.artifacts.list()).artifacts.map(({ id }) => id).sort()).toEqual(
    [large.id, note.id].sort(),
  );
  await expect(others.artifacts.show(large.id)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  expect((await others.artifacts.list()).artifacts).toEqual([]);
  // It may be read, and stays its maker's.
  await expect(mine.artifacts.delete(large.id)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
});

test('a file that is not there ends the job with a sentence, and a client can make no artifact of a job', async () => {
  const mine = await clientWithKey('mine');
  const reply = await mine.endpoint('make').runSync({ file: 'nowhere.mp4' });
  expect(reply).toMatchObject({
    status: 'FAILED',
    error: "artifact nowhere.mp4: the file can't be read (ENOENT)",
  });
  const create = mine.artifacts.create({ name: 'x', sizeBytes: 1, job: reply.id });
  await expect(create).rejects.toMatchObject({ code: 'FORBIDDEN' });
});
