import { remotesOf } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import { EndpointRoute } from './endpoint-route.ts';
import type { RemoteLog } from './remote-log.ts';
import type { RemoteAttempt } from './remote-store.ts';
import { isRemoteWorker } from './remote-worker.ts';
import type { RemoteWorkerLog, SpillObstacle, SpillRouterOptions } from './spill-options.ts';

export interface EndpointLog {
  readonly endpoint: string;
  readonly log: RemoteLog;
  readonly workers?: RemoteWorkerLog | undefined;
}

/** What there is where no endpoint has RunPod among its backends. */
export const NO_SPILL: Pick<SpillRouter, 'obstacle' | 'attempts' | 'isHookCode' | 'noteHook' | 'log'> = {
  obstacle: () => undefined,
  attempts: () => undefined,
  isHookCode: () => false,
  noteHook: async () => undefined,
  log: () => undefined,
};

/** The endpoints that have RunPod among their backends, each with a loop of its own. Without any there is nothing. */
export type SpillRouter = ReturnType<typeof createSpillRouter>;

export function createSpillRouter(options: SpillRouterOptions) {
  const routes = new Map<string, EndpointRoute>();
  for (const endpoint of options.endpoints) {
    const remotes = remotesOf(endpoint);
    if (remotes.length > 0) routes.set(endpoint.name, new EndpointRoute(options, endpoint, remotes));
  }
  const { queue, store } = options;
  let unwatch: (() => void) | undefined;

  /** Its endpoint lost its backends at RunPod, and with them the key: what runs there ends by the times it was given. */
  async function leaveThere({
    workerId,
    jobId,
    endpoint,
    remoteEndpoint,
    remoteId,
  }: RemoteAttempt): Promise<void> {
    const reason = `${remoteEndpoint} is no backend of the endpoint any more`;
    options.log.warn(
      { endpoint, jobId, remoteEndpoint, remoteId },
      `a job may still run at RunPod: ${reason}`,
    );
    await store.end(workerId, remoteId === undefined ? 'unseen' : 'over', options.clock.now());
    await queue.handBackJob(workerId, jobId, reason);
  }

  return {
    /** Goes on with what the last gateway left; call it once leases are restored. */
    async start(): Promise<void> {
      await Promise.all([...routes.values()].map((route) => route.log.open()));
      if (routes.size > 0) unwatch = queue.watch((change) => routes.get(change.endpoint)?.note(change));
      const left = store.left();
      const known = new Set(left.map(({ workerId }) => workerId));
      for (const workerId of queue.held.workers())
        if (isRemoteWorker(workerId) && !known.has(workerId))
          await queue.handBack(workerId, 'the gateway was restarted before it was submitted to RunPod');
      for (const attempt of left) {
        const route = routes.get(attempt.endpoint);
        await (route ? route.resume(attempt) : leaveThere(attempt));
      }
      for (const route of routes.values()) route.start();
    },
    /** Jobs that run at RunPod run on. */
    async stop(): Promise<void> {
      unwatch?.();
      await Promise.all([...routes.values()].map((route) => route.stop()));
    },
    /** Something here changed: a worker came, or can't start any more. */
    poke(endpoint?: string): void {
      if (endpoint !== undefined) routes.get(endpoint)?.poke();
      else for (const route of routes.values()) route.poke();
    },
    /** What stands in a waiting job's way to RunPod, as a clause; undefined where nothing does, or none is there. */
    obstacle: (
      job: Pick<Job, 'id' | 'endpoint' | 'keyId'> & { readonly input?: string },
    ): SpillObstacle | undefined => routes.get(job.endpoint)?.obstacle(job),
    /** Attempts of the job that went to RunPod. */
    attempts: (job: Pick<Job, 'id' | 'endpoint'>): readonly RemoteAttempt[] | undefined =>
      routes.has(job.endpoint) ? store.ofJob(job.id) : undefined,
    isHookCode: (workerId: string, code: string): boolean => options.hooks?.isCode(workerId, code) ?? false,
    /** RunPod says that a job has ended; the code of its address was right. */
    async noteHook(workerId: string, remoteId: string | undefined): Promise<void> {
      const attempt = store.get(workerId);
      if (attempt) await routes.get(attempt.endpoint)?.noteHook(attempt, remoteId);
    },
    /** What is known of an endpoint's attempts at RunPod, or of one of them; undefined where there are none. */
    log(of: { readonly endpoint: string } | { readonly workerId: string }): EndpointLog | undefined {
      const endpoint = 'endpoint' in of ? of.endpoint : store.get(of.workerId)?.endpoint;
      const log = endpoint === undefined ? undefined : routes.get(endpoint)?.log;
      return log && endpoint !== undefined
        ? { endpoint, log, workers: options.workerLogs?.(endpoint) }
        : undefined;
    },
    /** Jobs go elsewhere since workers here can't run them: one of those workers is wanted, to see whether they can again. */
    wantsTrial: (endpoint: string): boolean => routes.get(endpoint)?.wantsTrial() ?? false,
  };
}
