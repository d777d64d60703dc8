import { ApiError, type EndpointClient, type JobReply } from '@spillway/sdk/client';

/** One action of the worker is one job of its endpoint; what it says no to is told inside the job's output. */
export class WorkerRefusal extends Error {
  override readonly name = 'WorkerRefusal';
}

/** The worker knows of no such video or job, or not for this link. */
export class UnknownToServerError extends WorkerRefusal {}

const UNKNOWN = /^(Job not found|video_key: there is no video)/;

export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

export interface ActOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of each change while it waits or runs. */
  readonly onReply?: ((reply: JobReply) => void) | undefined;
}

export type Act = <T>(input: Record<string, unknown>, options?: ActOptions) => Promise<T>;

const RETRY_MS = 3_000;

export function createActor(endpoint: EndpointClient, sleep: Sleep): Act {
  /** Asked for the same twice, the worker does it once, so a submit whose answer was lost is sent again. */
  async function submit(input: Record<string, unknown>, signal: AbortSignal | undefined): Promise<JobReply> {
    for (;;) {
      try {
        return await endpoint.run(input, signal ? { signal } : {});
      } catch (error) {
        if (!(error instanceof ApiError && error.isTransient)) throw error;
        await sleep(Math.max(RETRY_MS, error.retryAfterMs ?? 0), signal);
      }
    }
  }

  return async <T>(input: Record<string, unknown>, { signal, onReply }: ActOptions = {}): Promise<T> => {
    const { id } = await submit(input, signal);
    const job = await endpoint.waitForJob(id, {
      ...(signal ? { signal } : {}),
      ...(onReply ? { onProgress: onReply } : {}),
    });
    if (job.status !== 'COMPLETED')
      throw new WorkerRefusal(job.error ?? `The server ended the job as ${job.status}.`);
    return unwrapped(job.output) as T;
  };
}

/** Workers for other clients wrap what they answer once more. */
function unwrapped(output: unknown): unknown {
  const outer = (output ?? {}) as Record<string, unknown>;
  const inner = (typeof outer.output === 'object' && outer.output !== null ? outer.output : outer) as Record<
    string,
    unknown
  >;
  if (inner.status === 'error') {
    const sentence = String(inner.error ?? inner.message);
    throw UNKNOWN.test(sentence) ? new UnknownToServerError(sentence) : new WorkerRefusal(sentence);
  }
  return inner;
}
