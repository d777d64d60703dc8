import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';
import type { Artifacts } from './artifacts/artifacts.ts';
import type { GatewayConfig } from './config/index.ts';
import type { EndpointDirectory } from './endpoints/endpoint-directory.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { GpuPlacer } from './fleet/gpu/gpu-placer.ts';
import type { Dispatcher } from './jobs/dispatcher.ts';
import type { JobEngine } from './jobs/engine.ts';
import { resolveWebhookSecret } from './keys/webhook-secret.ts';
import type { Ids } from './lib/ids.ts';
import { createAttemptHooks } from './remote/attempt-hooks.ts';
import { createInputArtifacts } from './remote/input-artifacts.ts';
import { viewLocal } from './remote/local-view.ts';
import { createRemoteStore } from './remote/remote-store.ts';
import type { SpillCosts } from './remote/spill-options.ts';
import { createSpillRouter, type SpillRouter } from './remote/spill-router.ts';
import type { HostEnv } from './remote-accounts.ts';
import { createRemoteWorkerLogs } from './remote-worker-logs.ts';
import type { JobSignatures } from './signatures/job-signatures.ts';

/** The part of the composition root that wires jobs which run elsewhere. */
export function createGatewaySpill(parts: {
  readonly db: DatabaseSync;
  readonly config: Pick<GatewayConfig, 'lease' | 'publicUrl' | 'dataDir' | 'webhookSecret'>;
  readonly log: Logger;
  /** May hold a key that may read the logs of workers at RunPod (default: this process's). */
  readonly env?: HostEnv | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly engine: JobEngine;
  readonly fleet: Fleet;
  readonly endpoints: EndpointDirectory;
  readonly placer: GpuPlacer;
  readonly signatures: JobSignatures | undefined;
  readonly costs: SpillCosts;
  readonly artifacts: () => Artifacts;
  /** Its own hold on deliveries to workers here. */
  readonly delivery: Pick<Dispatcher, 'pause' | 'resume'>;
}): SpillRouter {
  const { db, config, log, clock, ids, engine, fleet, endpoints, placer, signatures, costs, delivery } =
    parts;
  const { publicUrl } = config;
  const secret = () => resolveWebhookSecret(config.dataDir, config.webhookSecret);
  const spill = createSpillRouter({
    hooks: publicUrl === undefined ? undefined : createAttemptHooks({ publicUrl, secret: secret() }),
    ...{ endpoints, queue: engine.queue, clock, ids, log, costs },
    store: createRemoteStore(db, engine.exclusive),
    inputs: createInputArtifacts(parts.artifacts, { publicUrl, now: () => clock.now() }),
    // Not among the logs of workers, of which the oldest make room.
    logFile: (name) => path.join(config.dataDir, 'logs', name, 'runpod.lines'),
    workerLogs: createRemoteWorkerLogs({ endpoints, clock, env: parts.env ?? process.env }),
    random: Math.random,
    inputFor: (job) => signatures?.forAttempt(job) ?? job.input,
    leaseMs: config.lease.durationMs,
    local: ({ name }) => {
      const endpoint = endpoints.get(name);
      if (!endpoint) return { type: 'none' };
      const workers = fleet.workers(name);
      const startProblem = fleet.startProblem(name);
      return viewLocal({ endpoint, workers, startProblem, gpuObstacle: placer.obstacle(name) });
    },
    isPaused: endpoints.isPaused,
    holdBack: (name, isHeld) => (isHeld ? delivery.pause(name) : delivery.resume(name)),
    forgetStops: engine.stops.forget,
  });
  fleet.onChange(({ endpoint }) => spill.poke(endpoint));
  return spill;
}
