// A full disk: submits are refused with 503 and nothing that was acknowledged is lost, a worker keeps its result until
// it can be written, the gateway lives on, and all goes on by itself when there is space again.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayProcess, makeFolder, spawnGateway, until } from '../harness/gateway-process.ts';
import { nodeEndpoint, nodeWorker } from '../harness/node-worker.ts';

const DISK_BYTES = 6 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024);

const canMount = (() => {
  const { path, remove } = makeFolder('', {});
  const isMounted = mountDisk(path);
  if (isMounted) spawnSync('umount', [path]);
  else console.warn('SKIPPED: a small file system can’t be mounted here (it takes root on Linux)');
  remove();
  return isMounted;
})();

function mountDisk(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', path]).status === 0;
}

const WORKER = nodeWorker(`
    context.progress('begun');
    const { existsSync } = await import('node:fs');
    while (!existsSync(job.input.until)) await new Promise((resolve) => setTimeout(resolve, 10));
    return { n: job.input.n };
`);

describe.skipIf(!canMount)('a full disk', () => {
  let folder: ReturnType<typeof makeFolder>;
  let data: string;
  let gateway: GatewayProcess;
  beforeEach(async () => {
    const yaml = `lease: { duration: 4s, heartbeat: 1s }\nendpoints:\n${nodeEndpoint('slow', 'slow.mjs', '    workers: { min: 1, max: 1 }\n')}${nodeEndpoint('later', 'slow.mjs', '    workers: { max: 0 }\n')}`;
    folder = makeFolder(yaml, { 'slow.mjs': WORKER });
    data = join(folder.path, 'data');
    mkdirSync(data);
    mountDisk(data);
    gateway = await spawnGateway(folder.path);
  });
  afterEach(async () => {
    await gateway.kill();
    await until(() => spawnSync('umount', [data]).status === 0);
    folder.remove();
  });

  const fillDisk = () => {
    for (let n = 0; ; n += 1) {
      try {
        writeFileSync(join(data, `filler-${n}`), CHUNK);
      } catch {
        return () => {
          for (let i = 0; i <= n; i += 1) rmSync(join(data, `filler-${i}`), { force: true });
        };
      }
    }
  };
  const submit = (n: number, endpoint = 'slow') =>
    gateway.call(`/v2/${endpoint}/run`, {
      input: { n, until: join(folder.path, 'go'), pad: 'x'.repeat(5_000) },
    });

  it('refuses submits with 503, loses nothing, and goes on when there is space', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(((await (await submit(n)).json()) as { id: string }).id);
    const { id: later } = (await (await submit(1, 'later')).json()) as { id: string };
    const shown = async (id: string | undefined) =>
      (await (await gateway.call(`/v2/slow/status/${id}`)).json()) as { status: string; output?: unknown };
    await until(async () => (await shown(ids[0])).output === 'begun');

    const free = fillDisk();
    // The log may have some room of its own left.
    let refused: Response | undefined;
    await until(async () => {
      const reply = await submit(100 + ids.length);
      if (reply.ok) ids.push(((await reply.json()) as { id: string }).id);
      else refused = reply;
      return !reply.ok;
    });
    expect(refused?.status).toBe(503);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(await refused?.json()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    // What is there can be read.
    expect((await shown(ids[0])).status).toBe('IN_PROGRESS');
    expect((await gateway.call('/v2/slow/health')).status).toBe(200);
    // A worker that comes now waits until its job can be given to it.
    const taken = gateway.call('/v2/later/job-take/pool?gpu=cpu&job_in_progress=0');

    // The worker finishes now, and has nowhere to go with its result.
    writeFileSync(join(folder.path, 'go'), '');
    const refusals = await Promise.all(Array.from({ length: 20 }, (_, n) => submit(n)));
    expect(new Set(refusals.map((reply) => reply.status))).toEqual(new Set([503]));
    expect(gateway.child.exitCode).toBeNull();

    free();
    expect(await (await taken).json()).toMatchObject({ id: later, input: { n: 1 } });
    for (const id of ids) {
      const reply = await gateway.call(`/v2/slow/status-sync/${id}?wait=60000`);
      expect(await reply.json()).toMatchObject({ id, status: 'COMPLETED' });
    }
    expect((await submit(1)).status).toBe(200);
    const health = (await (await gateway.call('/v2/slow/health')).json()) as { jobs: Record<string, number> };
    expect(health.jobs.completed).toBeGreaterThanOrEqual(ids.length);
  });
});
