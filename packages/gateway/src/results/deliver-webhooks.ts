import type { Clock } from '@spillway/sdk/clock';
import { type AddressRules, guardedFetch } from '@spillway/sdk/net';
import type { Job } from '../jobs/job.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { Delivery, DeliveryOutcome, DeliveryStore, DeliveryTry } from './delivery.ts';
import { decideNextTryMs } from './delivery-schedule.ts';
import { alertRequest, webhookRequest } from './webhook-request.ts';

export interface WebhookDeliveryOptions {
  readonly store: DeliveryStore;
  /** Jobs are kept while their webhook waits. A large value that can't be read is a try that failed. */
  readonly jobs: Pick<JobQueue, 'get' | 'withWhole'>;
  readonly clock: Clock;
  /**
   * Epoch milliseconds as everybody else has them, for the signed timestamp: the clock may be ahead of them, since it
   * never goes back, and receivers refuse what is off by minutes.
   */
  readonly wallTime: () => number;
  readonly random: () => number;
  /** `whsec_…`: signs every delivery. */
  readonly secret: string;
  readonly rules: AddressRules;
  readonly send?: typeof guardedFetch;
  readonly onError: (error: unknown) => void;
}

/** RunPod's receivers have 10 s; a slower one gets the same webhook again. */
const TIMEOUT_MS = 15_000;
const AT_ONCE = 16;
const LONGEST_PAUSE_MS = 60_000;
const AFTER_ERROR_MS = 1_000;
const ERROR_LENGTH = 300;

export type WebhookDelivery = ReturnType<typeof createWebhookDelivery>;

/** The loop that empties the outbox of webhooks. */
export function createWebhookDelivery(options: WebhookDeliveryOptions) {
  const { store, clock } = options;
  const stopping = new AbortController();
  let wake = new AbortController();
  let loop: Promise<void> | undefined;
  const watchers: ((outcome: DeliveryOutcome) => void)[] = [];
  const tell = (outcome: DeliveryOutcome) => {
    for (const watcher of watchers) watcher(outcome);
  };

  /** What became of tries that could not be written (a full disk, say): they are not made again, only written. */
  const unwritten = new Map<number, () => Promise<void>>();

  async function record(
    id: number,
    one: DeliveryTry,
    next: { nextAt?: number; deliveredAt?: number },
  ): Promise<void> {
    const write = () => store.record(id, one, next);
    unwritten.set(id, write);
    await write();
    unwritten.delete(id);
  }

  async function deliver(delivery: Delivery): Promise<void> {
    const write = unwritten.get(delivery.id);
    if (write) {
      await write();
      unwritten.delete(delivery.id);
      return;
    }
    const job = delivery.body === undefined ? await options.jobs.get(delivery.jobId) : undefined;
    if (!job && delivery.body === undefined) {
      tell('given_up');
      return record(delivery.id, { at: clock.now(), tookMs: 0, error: 'the job is gone' }, {});
    }
    const one = await tryOnce(delivery, job, options, stopping.signal);
    // Cut off by the stop: as if it had not been tried.
    if (stopping.signal.aborted && one.status === undefined) return;
    const next = nextOf(delivery, one, clock.now(), options.random());
    tell(outcomeOf(next));
    await record(delivery.id, one, next);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        const due = store.due(clock.now(), AT_ONCE);
        // All of them, also after a failure: one that is still on its way would go out twice.
        const results = await Promise.allSettled(due.map(deliver));
        const failed = results.find((result) => result.status === 'rejected');
        if (failed) throw failed.reason;
        if (due.length === AT_ONCE) continue;
        const pause = (store.nextAt() ?? Number.POSITIVE_INFINITY) - clock.now();
        await clock.sleep(Math.min(LONGEST_PAUSE_MS, pause), AbortSignal.any([wake.signal, stopping.signal]));
      } catch (error) {
        options.onError(error);
        await clock.sleep(AFTER_ERROR_MS, stopping.signal);
      }
    }
  }

  return {
    start(): void {
      loop ??= run();
    },
    /** A job with a webhook ended, or somebody asked for a redelivery. */
    poke: (): void => wake.abort(),
    /** Calls `watcher` after each try, whether or not it can be written down. */
    watch(watcher: (outcome: DeliveryOutcome) => void): void {
      watchers.push(watcher);
    },
    async stop(): Promise<void> {
      stopping.abort();
      await loop;
    },
  };
}

async function tryOnce(
  delivery: Delivery,
  job: Job | undefined,
  options: WebhookDeliveryOptions,
  signal: AbortSignal,
): Promise<DeliveryTry> {
  const { clock, jobs, send = guardedFetch } = options;
  const at = clock.now();
  const { secret, wallTime, rules } = options;
  const post = ({ body, headers }: ReturnType<typeof alertRequest>) =>
    send(delivery.url, { method: 'POST', body, headers, rules, timeoutMs: TIMEOUT_MS, signal });
  try {
    const reply = await (job
      ? jobs.withWhole(job, ['input', 'output'], (whole) =>
          post(webhookRequest(delivery, whole, secret, wallTime())),
        )
      : post(alertRequest(delivery, delivery.body ?? '', secret, wallTime())));
    return { at, tookMs: clock.now() - at, status: reply.status };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { at, tookMs: clock.now() - at, error: message.slice(0, ERROR_LENGTH) };
  }
}

interface NextStep {
  readonly deliveredAt?: number;
  readonly nextAt?: number;
}

function outcomeOf({ deliveredAt, nextAt }: NextStep): DeliveryOutcome {
  if (deliveredAt !== undefined) return 'delivered';
  return nextAt === undefined ? 'given_up' : 'failed';
}

function nextOf(delivery: Delivery, one: DeliveryTry, now: number, random: number): NextStep {
  if (one.status !== undefined && one.status >= 200 && one.status < 300) return { deliveredAt: now };
  const failures = delivery.log.length + 1;
  const waitMs = decideNextTryMs(failures, random);
  return waitMs === undefined ? {} : { nextAt: now + waitMs };
}
