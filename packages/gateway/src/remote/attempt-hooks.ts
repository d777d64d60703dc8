import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Addresses under which RunPod tells of the end of an attempt. RunPod signs nothing, so what comes there is a hint and no
 * more: it makes the gateway ask. Each address carries a code of its own, made from the gateway's secret, so that nobody
 * else can have it ask, and a restart knows the code again.
 */
export interface AttemptHooks {
  urlFor(workerId: string): string;
  isCode(workerId: string, code: string): boolean;
}

export const HOOK_PATH = '/v1/hooks/runpod';

export function createAttemptHooks({
  publicUrl,
  secret,
}: {
  readonly publicUrl: string;
  readonly secret: string;
}): AttemptHooks {
  const codeOf = (workerId: string) =>
    createHmac('sha256', secret).update(`remote attempt ${workerId}`).digest('base64url');
  return {
    urlFor: (workerId) => `${publicUrl}${HOOK_PATH}/${encodeURIComponent(workerId)}/${codeOf(workerId)}`,
    isCode(workerId, code) {
      const [given, right] = [Buffer.from(code), Buffer.from(codeOf(workerId))];
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
