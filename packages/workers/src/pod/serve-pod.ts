import { randomBytes } from 'node:crypto';
import { WORKER_ENV } from '@spillway/protocol';
import type { WorkerRow } from '../registry.ts';
import type { WorkerInstance } from '../worker-instance.ts';
import { startPodServer } from './pod-server.ts';
import { isLoopback, parsePodSettings } from './pod-settings.ts';

/**
 * A worker in pod mode, until a signal: its HTTP face first, then its models. The first signal lets calls that run be
 * answered, the second ends at once.
 * @throws with a sentence where it can't listen or the worker can't start.
 */
export async function servePod(name: string, row: WorkerRow): Promise<void> {
  const warn = (message: string) => void process.stderr.write(`${message}\n`);
  const settings = parsePodSettings(process.env);
  const server = await startPodServer({
    name,
    endpoint: process.env[WORKER_ENV.endpoint],
    settings,
    newId: () => `call-${randomBytes(6).toString('hex')}`,
    onError: (error, id) =>
      warn(`${id} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    onLog: (message) => warn(message),
  });
  warn(`${name} listens at ${server.url}; its models are being loaded`);
  if (settings.apiKey === undefined && !isLoopback(settings.host))
    warn(
      `API_KEY is not set and API_HOST is ${settings.host}: whoever reaches this port may call the worker.`,
    );
  const stopped = untilSignal();
  let worker: WorkerInstance | undefined;
  const started = row.start({ env: process.env, warn }).then((instance) => {
    worker = instance;
    server.ready(instance);
    warn(`${name} is ready`);
  });
  started.catch(() => undefined);
  try {
    await Promise.race([started, stopped]);
    await stopped;
  } finally {
    await server.stop();
    await worker?.stop();
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        resolve();
      });
  });
}
