// The peer of `vsBullmq`: the same three calls on the same HTTP server, with BullMQ on Redis behind them. A take is
// answered at once, and only asked for when a job is there, which is BullMQ's best case. Arguments: the folder that has
// BullMQ installed, and Redis's port.
import { createHttpStack, JSON_TYPE } from './http-stack.ts';
import { requireFrom } from './peers.ts';

/** The part of BullMQ that is used here; its own types come with it only where it is installed. */
interface BullMq {
  Queue: new (name: string, options: object) => { add(name: string, data: unknown): Promise<{ id: string }> };
  Worker: new (
    name: string,
    handler: null,
    options: object,
  ) => {
    waitUntilReady(): Promise<unknown>;
    getNextJob(token: string, options: object): Promise<BullJob | undefined>;
  };
}

interface BullJob {
  readonly id: string;
  readonly data: unknown;
  moveToCompleted(value: unknown, token: string, fetchNext: boolean): Promise<unknown>;
}

const [folder = '', port] = process.argv.slice(2);
const { Queue, Worker } = requireFrom<BullMq>(folder, 'bullmq');
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const queue = new Queue('bench', { connection });
const worker = new Worker('bench', null, { connection, autorun: false });
await worker.waitUntilReady();
const taken = new Map<string, BullJob>();

const app = createHttpStack();
app.post('/v2/:endpoint/run', async (request, reply) => {
  const { input } = JSON.parse(request.body as string) as { input: unknown };
  const job = await queue.add('job', input);
  return reply.type(JSON_TYPE).send(`{"id":"${job.id}","status":"IN_QUEUE"}`);
});
app.get('/v2/:endpoint/job-take/:worker', async (request, reply) => {
  const job = await worker.getNextJob((request.params as { worker: string }).worker, { block: false });
  if (!job) return reply.code(204).send();
  taken.set(job.id, job);
  return reply.type(JSON_TYPE).send(`{"id":"${job.id}","input":${JSON.stringify(job.data)}}`);
});
app.post('/v2/:endpoint/job-done/:worker/:id', async (request, reply) => {
  const params = request.params as { worker: string; id: string };
  const { output } = JSON.parse(request.body as string) as { output: unknown };
  await taken.get(params.id)?.moveToCompleted(output, params.worker, false);
  taken.delete(params.id);
  return reply.type(JSON_TYPE).send('{}');
});

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
