import { WAIT_LIMITS } from '@spillway/protocol';
import { GatewayError } from '../../errors.ts';
import type { Job } from '../../jobs/job.ts';
import { findJob } from '../find-job.ts';
import { type AnswerPart, answerParts, isText, sendParts } from '../large-answer.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { type Call, type Route, waitOf } from '../route.ts';

export const streamRoutes: readonly Route[] = [
  {
    methods: ['GET', 'POST'],
    path: '/v2/:endpoint/stream/:id',
    doc: runpodDocs.stream,
    limitedAs: 'stream',
    scopes: ['client', 'upload'],
    async handle(call) {
      const waitMs = waitOf(call, WAIT_LIMITS.stream);
      const first = await findJob(call);
      const offset = offsetOf(call);
      const { queue, waiters } = call.parts;
      // RunPod's stream is drained by its reader; with an offset nothing is, so that several may read, or read again.
      const read = () =>
        offset === undefined ? queue.drainChunks(first.id) : queue.readChunks(first.id, offset);
      const look = async () => {
        // The state before the chunks: a job that ends in between shows its last chunks on the next call.
        const job = (await queue.get(first.id)) ?? first;
        const chunks = await read();
        return chunks.length > 0 || job.finishedAt !== undefined ? reply(job, chunks) : undefined;
      };
      const found = await waiters.until(first.id, look, { waitMs, signal: call.signal });
      const parts = found ?? reply((await queue.get(first.id)) ?? first, []);
      if (isText(parts)) return parts.join('');
      await sendParts(call, parts);
      return undefined;
    },
  },
];

function reply(job: Job, chunks: readonly string[]): AnswerPart[] {
  const items = chunks.flatMap((chunk, at): AnswerPart[] => [
    at === 0 ? '' : ',',
    ...answerParts([['output', chunk]]),
  ]);
  return [`{"status":${JSON.stringify(job.status)},"stream":[`, ...items, ']}'];
}

function offsetOf(call: Call): number | undefined {
  const text = call.query.offset;
  if (text === undefined) return undefined;
  const offset = Number(text);
  if (!Number.isInteger(offset) || offset < 0) {
    throw new GatewayError(
      'INPUT_INVALID',
      `bad request: offset: expected the number of chunks already read, got "${text}"`,
    );
  }
  return offset;
}
