import { type JobStatus, nativePath } from '@spillway/protocol';
import type {
  GatewayEvent,
  JobDetail,
  JobPage,
  JobSelection,
  JobSubmit,
  JobSubmitted,
  JobView,
} from '@spillway/protocol/v1';
import type { ClientParts } from './client-parts.ts';
import { type EventOptions, streamEvents } from './event-stream.ts';
import { newKey } from './new-key.ts';

export interface SubmitOnceOptions {
  /**
   * Names this submit: repeated under the same key it makes no second job. Made up when absent, so that a submit may be
   * repeated while the server is away; give your own, such as an order's number, to be safe over a crash of your program.
   */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface JobFilter {
  readonly endpoint?: string;
  readonly status?: JobStatus;
  readonly tag?: string;
  /** Created at or after, and before: epoch milliseconds, or a date such as `2026-11-20T08:00:00Z`. */
  readonly since?: number | string;
  readonly until?: number | string;
}

/** Jobs of all endpoints, by Spillway's own API. Each call throws `ApiError` when the server says no. */
export interface JobsClient {
  submit(job: JobSubmit, options?: SubmitOnceOptions): Promise<JobSubmitted>;
  /** One page, the newest first; `cursor` is the `nextCursor` of the page before. */
  list(filter?: JobFilter & { readonly limit?: number; readonly cursor?: string }): Promise<JobPage>;
  /** All of them, page by page. */
  all(filter?: JobFilter): AsyncGenerator<JobView, void>;
  /** With `values: 'url'`, inputs and outputs over 256 KiB are `inputUrl` and `outputUrl`, to be fetched within an hour. */
  show(id: string, options?: { readonly values?: 'whole' | 'url' }): Promise<JobDetail>;
  /** A job that has ended stays as it is; the answer's status says how. */
  cancel(id: string): Promise<JobDetail>;
  /** Puts a FAILED or TIMED_OUT job back in the queue. */
  retry(id: string): Promise<JobDetail>;
  /** Forgets a job that has ended. */
  delete(id: string): Promise<void>;
  /** Cancels what all given filters fit; answers how many. */
  cancelMany(selection: JobSelection): Promise<number>;
  retryMany(selection: JobSelection): Promise<number>;
  /**
   * What happens, as it happens, over broken connections too. The event `reset` says that some were missed: list anew.
   *
   * @example
   * for await (const event of client.jobs.events({ endpoint: 'detect' })) console.log(event.type);
   */
  events(options?: EventOptions): AsyncGenerator<GatewayEvent, void>;
}

const LARGEST_PAGE = 500;

export function createJobsClient(parts: ClientParts): JobsClient {
  const { call, patience, random } = parts;
  const repeatable = async <T>(request: () => Promise<object>, signal?: AbortSignal) =>
    (await patience(request, signal)) as T;
  const list: JobsClient['list'] = (filter = {}) =>
    repeatable<JobPage>(() => call('GET', nativePath.jobs, { query: { ...filter } }));

  return {
    submit(job, { idempotencyKey = newKey(random), signal } = {}) {
      const headers = { 'idempotency-key': idempotencyKey };
      return repeatable<JobSubmitted>(
        () => call('POST', nativePath.jobs, { body: job, headers, signal }),
        signal,
      );
    },
    list,
    async *all(filter = {}) {
      let cursor: string | undefined;
      do {
        const page = await list({ ...filter, limit: LARGEST_PAGE, ...(cursor ? { cursor } : {}) });
        yield* page.jobs;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    },
    show: (id, options = {}) =>
      repeatable<JobDetail>(() => call('GET', nativePath.job(id), { query: { ...options } })),
    cancel: (id) => repeatable<JobDetail>(() => call('POST', nativePath.cancel(id), { body: {} })),
    // Not repeated: the first may have worked, and a second finds nothing to do and says no.
    retry: async (id) => (await call('POST', nativePath.retry(id), { body: {} })) as JobDetail,
    async delete(id) {
      await call('DELETE', nativePath.job(id));
    },
    async cancelMany(selection) {
      const path = nativePath.cancelMany;
      return (await repeatable<{ cancelled: number }>(() => call('POST', path, { body: selection })))
        .cancelled;
    },
    async retryMany(selection) {
      const path = nativePath.retryMany;
      return ((await call('POST', path, { body: selection })) as { retried: number }).retried;
    },
    events: (options = {}) => streamEvents(parts, options),
  };
}
