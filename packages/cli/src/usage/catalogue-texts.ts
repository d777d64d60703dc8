import type { PricesView } from '@spillway/protocol/v1';

/** Why RunPod's prices could not be read anew; undefined where they were. */
export function problemOf({ catalogue }: PricesView): string | undefined {
  if (!catalogue.hasKey)
    return 'the gateway has no key for RunPod: set RUNPOD_API_KEY in its environment, or give an endpoint a `runpod` backend';
  return catalogue.problem;
}

/** Where prices of RunPod's pools are from, as a sentence. */
export function originText({ catalogue }: PricesView): string {
  const { readAt, hasKey, problem } = catalogue;
  const isRead = readAt !== undefined;
  const at = isRead ? new Date(readAt).toISOString().slice(0, 16).replace('T', ' ') : '';
  const known = isRead
    ? `RunPod's pools and pods by its catalogue of ${at} UTC`
    : "RunPod's pools by the table that this version came with; its catalogue was not read";
  if (problem !== undefined) return `${known}: the last try failed (${problem})`;
  return isRead || hasKey ? known : `${known}, since the gateway has no key (RUNPOD_API_KEY)`;
}
