// Asks a clip endpoint for vectors: of up to 16 pictures at once, of a text. Every request is signed.
import type { EndpointClient, JobReply } from '@spillway/sdk/client';
import { signJob } from '@spillway/sdk/signing';
import { type ModelName, normalized } from './index-file.ts';

export const MOST_IN_BATCH = 16;

export interface Embedded {
  readonly name: ModelName;
  /** In the order of the pictures: a vector, or why there is none. */
  readonly vectors: readonly (Float32Array | { readonly reason: string })[];
}

export interface ClipClient {
  pictures(base64: readonly string[], signal: AbortSignal): Promise<Embedded>;
  text(text: string, signal: AbortSignal): Promise<Embedded>;
}

export interface ClipClientOptions {
  readonly endpoint: EndpointClient;
  /** What signatures name. */
  readonly endpointName: string;
  /** Undefined: the endpoint takes jobs without a signature. */
  readonly secret: string | undefined;
  /** Told while a job waits. */
  readonly onWait: (reason: string) => void;
}

export function createClipClient({ endpoint, endpointName, secret, onWait }: ClipClientOptions): ClipClient {
  async function run(input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<object> {
    signal.throwIfAborted();
    const signed =
      secret === undefined ? input : { ...input, auth: signJob(endpointName, input, { secret }) };
    const { id } = await endpoint.run(signed);
    try {
      const job = await endpoint.waitForJob(id, { signal, onProgress: tellWait(onWait) });
      if (job.status !== 'COMPLETED') throw new Error(job.error ?? `a job ended ${job.status}`);
      return job.output as object;
    } catch (error) {
      if (signal.aborted) await endpoint.cancel(id).catch(() => undefined);
      throw error;
    }
  }
  return {
    async pictures(base64, signal) {
      const images = base64.map((image) => ({ image }));
      const { results } = (await run({ images }, signal)) as { results: readonly Answer[] };
      return embeddedOf(results);
    },
    text: async (text, signal) => embeddedOf([(await run({ text }, signal)) as Answer]),
  };
}

interface Answer {
  readonly embedding?: readonly number[];
  readonly model?: string;
  readonly pretrained?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

function embeddedOf(answers: readonly Answer[]): Embedded {
  const good = answers.find(({ embedding }) => embedding !== undefined);
  const { model = '', pretrained = '', embedding = [] } = good ?? {};
  return {
    name: { model, pretrained, dim: embedding.length },
    vectors: answers.map((answer) =>
      answer.embedding
        ? normalized(Float32Array.from(answer.embedding))
        : { reason: answer.error?.message ?? 'no reason was given' },
    ),
  };
}

/** A worker that can't start ends the search with its reason. */
function tellWait(onWait: (reason: string) => void): (reply: JobReply) => void {
  return ({ waitReason }) => {
    if (waitReason?.code === 'WORKER_CRASH_LOOP') throw new Error(waitReason.message);
    if (waitReason) onWait(waitReason.message);
  };
}
