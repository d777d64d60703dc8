// The peer of `vsBullmq`: the same three calls on the same HTTP server, with BullMQ on Redis behind them. A take is
// answered at once, and only asked for when a job is there, which is BullMQ's best case. Arguments: the folder that has
// BullMQ installed, and Redis's port.
import { serveHttpStack } from './http-stack.ts';
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

const url = await serveHttpStack({
  async 'POST /v2/:endpoint/run'({ body }) {
    const { input } = JSON.parse(body) as { input: unknown };
    const job = await queue.add('job', input);
    return `{"id":"${job.id}","status":"IN_QUEUE"}`;
  },
  async 'GET /v2/:endpoint/job-take/:worker'({ params }) {
    const job = await worker.getNextJob(params.worker ?? '', { block: false });
    if (!job) return undefined;
    taken.set(job.id, job);
    return `{"id":"${job.id}","input":${JSON.stringify(job.data)}}`;
  },
  async 'POST /v2/:endpoint/job-done/:worker/:id'({ params: { worker: workerId = '', id = '' }, body }) {
    const { output } = JSON.parse(body) as { output: unknown };
    await taken.get(id)?.moveToCompleted(output, workerId, false);
    taken.delete(id);
    return '{}';
  },
});
console.log(url);
