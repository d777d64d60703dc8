/**
 * Variables that tell a worker who it is and where its jobs are. The gateway sets them for each worker; an endpoint
 * that set one would cut its own workers off.
 */
const RESERVED = new Set([
  'RUNPOD_AI_API_KEY',
  'RUNPOD_POD_ID',
  'RUNPOD_POD_HOSTNAME',
  'RUNPOD_ENDPOINT_ID',
  'RUNPOD_PING_INTERVAL',
  'HOME',
]);

/** Why `name` may not stand in an endpoint's `env` and what to do instead; undefined when it may. */
export function reservedEnvFix(name: string): string | undefined {
  if (name === 'HOME') {
    return 'remove it: every worker gets a private HOME; point caches elsewhere by their own variables (HF_HOME, XDG_CACHE_HOME)';
  }
  if (name === 'RUNPOD_PING_INTERVAL') return 'remove it and set `lease.heartbeat`';
  if (RESERVED.has(name) || name.startsWith('RUNPOD_WEBHOOK_')) {
    return 'remove it: the gateway sets it for each worker';
  }
  return undefined;
}
