import { createAddressRules, type GuardedStream, guardedOpen } from '@spillway/sdk/net';

/** Longest time in which nothing comes. */
const IDLE_MS = 60_000;

/**
 * Opens a signed URL for a reader that takes its time. Not by `fetch`: that of Node 24 ends the whole process when a
 * server closes the connection while its reader lags behind. Wherever the gateway or its bucket is, it may be called.
 */
export function openDownload(
  url: string,
  { signal, headers = {} }: { readonly signal: AbortSignal; readonly headers?: Record<string, string> },
): Promise<GuardedStream> {
  const rules = createAddressRules([new URL(url).host]);
  return guardedOpen(url, { headers, rules, signal, idleTimeoutMs: IDLE_MS });
}
