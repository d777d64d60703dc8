import type { JobReply } from '@spillway/protocol';
import { expect, test } from 'vitest';
import type { Client } from '../client/index.ts';
import { type AnalyseOptions, analyseVideo } from './analyse-video.ts';

/** An endpoint whose worker answers as the test says, or never; `seen` is what it was asked. */
function clientOf(
  answers: Readonly<Record<string, () => unknown>>,
  cancelled: JobReply['status'] = 'CANCELLED',
) {
  const seen: string[] = [];
  const inputs: Record<string, unknown>[] = [];
  const outputOf = (id: string) => answers[String(inputs[Number(id)]?.action)]?.();
  const endpoint = {
    async run(input: Record<string, unknown>) {
      seen.push(String(input.action));
      return { id: String(inputs.push(input) - 1), status: 'IN_QUEUE' };
    },
    waitForJob: (id: string, { signal }: { signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        const output = outputOf(id);
        if (output !== undefined) resolve({ id, status: 'COMPLETED', output });
      }),
    async cancel(id: string) {
      seen.push(`cancel ${inputs[Number(id)]?.action ?? id}`);
      return { id, status: cancelled };
    },
    status: async (id: string) => ({ id, status: 'COMPLETED', output: { job_id: `of ${id}` } }),
  };
  const client = { endpoint: () => endpoint, artifacts: { upload: async () => ({ key: 'uploads/v.mp4' }) } };
  return { client: client as unknown as Client, seen, inputs };
}

const source = { name: 'a.mp4', sizeBytes: 1, slice: () => new Uint8Array(1) };
const success = { status: 'success' };
const started = () => ({ ...success, job_id: 'j1', process_job_id: 'p1' });
const statusOf = (status: string) => () => ({ ...success, job_status: { status } });

/** Given up on once the last of `seen` is `at`. */
async function giveUp(client: Client, seen: readonly string[], at: string, more: AnalyseOptions = {}) {
  const stop = new AbortController();
  const outcome = expect(analyseVideo(client, source, { ...more, signal: stop.signal })).rejects.toThrow(
    'enough',
  );
  await expect.poll(() => seen.at(-1)).toBe(at);
  stop.abort(new Error('enough'));
  await outcome;
}

test('a start that waits for a worker is cancelled when it is given up on', async () => {
  const { client, seen } = clientOf({});
  await giveUp(client, seen, 'start_processing');
  expect(seen).toEqual(['start_processing', 'cancel start_processing']);
});

test('so is what a start began before it could be cancelled', async () => {
  const { client, seen, inputs } = clientOf({ cancel_processing: () => success }, 'COMPLETED');
  await giveUp(client, seen, 'start_processing');
  expect(seen.at(-1)).toBe('cancel_processing');
  expect(inputs.at(-1)).toEqual({ action: 'cancel_processing', job_id: 'of 0' });
});

test('the processing is cancelled when it is given up on, while it runs and while it is asked for', async () => {
  const running = { start_processing: started, cancel_processing: () => success };
  const busy = clientOf(running);
  await giveUp(busy.client, busy.seen, 'get_status');
  expect(busy.seen.slice(-2)).toEqual(['cancel get_status', 'cancel_processing']);
  const { client, seen, inputs } = clientOf({ ...running, get_status: statusOf('processing') });
  await giveUp(client, seen, 'get_status');
  expect(inputs.at(-1)).toEqual({ action: 'cancel_processing', job_id: 'j1' });
});

test('what the worker says no to is its sentence', async () => {
  const { client } = clientOf({
    start_processing: () => ({ status: 'error', error: 'The video is empty.' }),
  });
  await expect(analyseVideo(client, source)).rejects.toThrow('The video is empty.');
});
