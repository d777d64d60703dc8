import { isPodMode } from './pod-mode.ts';
import { parsePodSettings } from './pod-settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What an image's health check asks, from beside a worker with the same environment: undefined when all is well, else a
 * sentence. A worker that takes jobs listens nowhere; its heartbeats say that it lives, so nothing is asked of it.
 * @throws PodSettingsError for an environment with which no worker starts.
 */
export async function checkHealth(env: Environment, signal?: AbortSignal): Promise<string | undefined> {
  if (!isPodMode(env)) return undefined;
  const { host, port } = parsePodSettings(env);
  const url = `http://${reachable(host)}:${port}/health`;
  try {
    const answer = await fetch(url, signal === undefined ? {} : { signal });
    return answer.ok ? undefined : `${url} answers ${answer.status}: ${await answer.text()}`;
  } catch (error) {
    const { cause } = error as Error;
    return `${url} does not answer: ${cause instanceof Error ? cause.message : String(error)}`;
  }
}

/** Whoever listens on all addresses is reached on loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
