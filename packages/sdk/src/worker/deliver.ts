import { backoffMs } from '../backoff.ts';
import type { Clock } from '../clock/clock.ts';
import { detailOf } from '../describe-error.ts';
import type { Link, LinkResult } from './gateway-link.ts';

export interface Delivery {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
  /** How long to keep trying while the server is away. */
  readonly giveUpAfterMs: number;
  readonly signal?: AbortSignal;
}

export type DeliveryResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'refused'; readonly status: number; readonly detail: string }
  | { readonly kind: 'gave-up'; readonly reason: string }
  | { readonly kind: 'aborted' };

export type Deliver = (delivery: Delivery) => Promise<DeliveryResult>;

const BOUNDS = { baseMs: 250, maxMs: 15_000 };
/** Room for slow lines: a minute, and 100 kB a second on top; in whole seconds, since Node keeps a list for each length. */
const deadlineMs = (body: string) => 60_000 + 1_000 * Math.floor(body.length / 100_000);
/** Answers that a second try can't change. Any other refusal (a proxy's 404, say) gets a few tries. */
const FINAL_REFUSALS: readonly number[] = [400, 409, 410, 413, 422];
const TRIES_WHEN_REFUSED = 4;

/**
 * Posts until the server has it. RunPod's own worker tries three times and never after a 4xx or a dropped connection,
 * and so loses results; here a result outlives a restart of the server.
 */
export function createDeliver(link: Link, clock: Clock, random: () => number): Deliver {
  return async ({ url, body, contentType, giveUpAfterMs, signal }) => {
    const startedAt = clock.now();
    let refusals = 0;
    for (let tries = 1; ; tries += 1) {
      const request = { method: 'POST', url, body, contentType, deadlineMs: deadlineMs(body) } as const;
      const result = await link(signal ? { ...request, signal } : request);
      if (result.kind === 'aborted') return result;
      if (result.kind === 'reply') {
        const { status } = result;
        if (status >= 200 && status < 300) return { kind: 'delivered' };
        if (!isTransient(status)) refusals += 1;
        if (FINAL_REFUSALS.includes(status) || refusals >= TRIES_WHEN_REFUSED) {
          return { kind: 'refused', status, detail: detailOf(result.text) };
        }
      }
      const ownMs = backoffMs(tries, BOUNDS, random);
      const retryAfterMs = result.kind === 'reply' ? (result.retryAfterMs ?? 0) : 0;
      const waitMs = Math.max(ownMs, Math.min(retryAfterMs, 60_000));
      if (clock.now() - startedAt + waitMs > giveUpAfterMs) {
        return { kind: 'gave-up', reason: reasonOf(result) };
      }
      await clock.sleep(waitMs, signal);
    }
  };
}

export function isTransient(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

function reasonOf(result: Exclude<LinkResult, { kind: 'aborted' }>): string {
  if (result.kind === 'timeout') return 'no answer in time';
  if (result.kind === 'unreachable') return result.reason;
  return `HTTP ${result.status}: ${detailOf(result.text)}`;
}
