// Clients that hang up, in every phase of a call: nothing half-sent is taken for whole, a job that nobody will read the
// answer of runs all the same, and a job that was on its way to a worker that is gone goes to another.
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../harness/gateway-process.ts';
import { ADMIN_KEY, startGateway, type TestGateway } from '../harness/start-gateway.ts';

// Nobody works by itself here: the test plays the workers.
const yaml = (lease: string) => `lease: { duration: ${lease}, heartbeat: 300ms }
endpoints:
  echo:
    command: ['true']
    workers: { max: 0 }
    retries: { workerLost: 10 }
`;

describe('a client that hangs up', () => {
  let test: TestGateway;
  beforeEach(async () => {
    // So long that no job is lost by a busy machine.
    test = await startGateway(yaml('60s'));
  });
  afterEach(() => test.stop());

  /** Sends a call as it stands and leaves the rest to the test; a body that is only half of it announces the whole. */
  const open = async (head: string, body = '', isWhole = false): Promise<Socket> => {
    const { hostname, port } = new URL(test.url);
    const socket = connect(Number(port), hostname).setNoDelay();
    // A reset is what is wanted here.
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    const length = isWhole ? body.length : body.length * 2;
    const lines = [`${head} HTTP/1.1`, 'host: x', `authorization: ${ADMIN_KEY}`];
    if (body !== '') lines.push('content-type: application/json', `content-length: ${length}`);
    await new Promise((resolve) => socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, resolve));
    return socket;
  };
  const json = async <T>(reply: Promise<Response>) => (await (await reply).json()) as T;
  const submit = async (input: object = {}) =>
    (await json<{ id: string }>(test.call('/v2/echo/run', { json: { input } }))).id;
  const status = (id: string) =>
    json<{ status: string; output?: unknown; retries?: number }>(test.call(`/v2/echo/status/${id}`));
  const take = (worker: string) => test.call(`/v2/echo/job-take/${worker}?gpu=cpu&job_in_progress=0`);
  const done = (worker: string, id: string, output: unknown) =>
    test.call(`/v2/echo/job-done/${worker}/${id}?gpu=cpu`, { json: { output } });
  const jobs = () =>
    json<{ jobs: { inQueue: number; inProgress: number } }>(test.call('/v2/echo/health')).then(
      (one) => one.jobs,
    );
  /** Answered after everything that came before it. */
  const settled = async () => expect((await test.call('/livez')).status).toBe(200);

  it('before the end of its body has submitted nothing', async () => {
    const socket = await open('POST /v2/echo/run', '{"input":{"half":');
    socket.destroy();
    const reset = await open('POST /v2/echo/runsync', '{"input":{}}');
    reset.resetAndDestroy();
    await settled();
    expect(await jobs()).toMatchObject({ inQueue: 0, inProgress: 0 });
  });

  it('while runsync holds it has submitted a job like any other', async () => {
    const holding = await open('POST /v2/echo/runsync?wait=60000', '{"input":{}}', true);
    await until(async () => (await jobs()).inQueue === 1);
    holding.destroy();
    const { id } = await json<{ id: string }>(take('w1'));
    await done('w1', id, 'here');
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'here' });
  });

  it('while job-take holds it gets nothing of what comes later', async () => {
    const socket = await open('GET /v2/echo/job-take/gone?gpu=cpu');
    await settled();
    socket.destroy();
    const other = take('w2');
    const id = await submit();
    expect((await json<{ id: string }>(other)).id).toBe(id);
    await done('w2', id, 1);
    expect((await status(id)).retries).toBeUndefined();
  });

  it('right after it took a job loses it to another, whenever it leaves', async () => {
    await test.stop();
    test = await startGateway(yaml('1s'));
    const ids: string[] = [];
    for (let n = 0; n < 12; n += 1) ids.push(await submit({ n }));
    for (let n = 0; n < 12; n += 1) {
      const socket = await open(`GET /v2/echo/job-take/gone-${n}?gpu=cpu&job_in_progress=0`);
      // At once, a moment later, or with the answer in its hands.
      if (n % 3 === 1) await new Promise((resolve) => setImmediate(resolve));
      if (n % 3 === 2) await new Promise((resolve) => socket.once('data', resolve));
      if (n % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    const got = new Set<string>();
    while (got.size < ids.length) {
      const { id, input } = await json<{ id: string; input: { n: number } }>(take('w'));
      await done('w', id, input.n);
      const job = ids[input.n] ?? '';
      // This worker may lose a job, too: a busy machine can hold it up for longer than its lease.
      if ((await status(job)).status === 'COMPLETED') got.add(job);
    }
    for (const [n, id] of ids.entries())
      expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: n });
  });

  it('while stream holds leaves the next chunk to who asks next', async () => {
    const id = await submit();
    const { id: wireId } = await json<{ id: string }>(take('w1'));
    const socket = await open(`GET /v2/echo/stream/${id}?wait=60000`);
    await settled();
    socket.destroy();
    await settled();
    await test.call(`/v2/echo/job-stream/w1/${wireId}?gpu=cpu`, { json: { output: 'first' } });
    expect(await json(test.call(`/v2/echo/stream/${id}`))).toEqual({
      status: 'IN_PROGRESS',
      stream: [{ output: 'first' }],
    });
  });

  it('in the middle of a report has reported nothing, and may do so again', async () => {
    const id = await submit();
    const { id: wireId } = await json<{ id: string }>(take('w1'));
    const socket = await open(`POST /v2/echo/job-done/w1/${wireId}?gpu=cpu`, '{"output":"half');
    socket.destroy();
    const chunk = await open(`POST /v2/echo/job-stream/w1/${wireId}?gpu=cpu`, '{"output":');
    chunk.destroy();
    await settled();
    expect((await status(id)).status).toBe('IN_PROGRESS');
    await done('w1', wireId, 'whole');
    expect(await status(id)).toMatchObject({ status: 'COMPLETED', output: 'whole' });
  });
});
