import path from 'node:path';
import type { WaitReason } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Logger } from 'pino';
import type { GatewayConfig } from './config/index.ts';
import type { EventLog } from './events/event-log.ts';
import { logEvents } from './events/log-events.ts';
import { recordEvents } from './events/record-events.ts';
import { type App, createApp, ROUTES } from './http/app.ts';
import { createAuthenticator } from './http/auth.ts';
import { createReference } from './http/openapi/reference.ts';
import { createRateLimiter } from './http/rate-limiter.ts';
import { createRequestIds } from './http/request-log.ts';
import type { RouteParts } from './http/route.ts';
import type { JobEngine } from './jobs/engine.ts';
import { isPlaced, type Job } from './jobs/job.ts';
import type { WorkerKeys } from './keys/worker-keys.ts';
import { readVersion } from './lib/read-version.ts';
import { createSpool } from './lib/spool.ts';
import { createGatewayMetrics } from './metrics/gateway-metrics.ts';
import { remoteEndpointOf } from './remote/remote-worker.ts';
import type { WebhookDelivery } from './results/deliver-webhooks.ts';
import { decideWaitReason } from './scheduler/wait-reason.ts';
import type { Ledger } from './usage/ledger.ts';

/** What the HTTP side gets from the rest of the gateway. */
export interface HttpFaceOptions
  extends Pick<
    RouteParts,
    | 'endpoints'
    | 'fleet'
    | 'placer'
    | 'spill'
    | 'keys'
    | 'batches'
    | 'artifacts'
    | 'workerFiles'
    | 'uploadTokens'
    | 'loadBalancer'
    | 'deliveries'
    | 'pokeWebhooks'
    | 'isStopping'
    | 'signatures'
    | 'usage'
  > {
  readonly config: GatewayConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: JobEngine;
  readonly adminKey: string;
  readonly workerKeys: WorkerKeys;
  readonly watchWebhooks: WebhookDelivery['watch'];
  readonly ledger: Ledger;
  readonly events: EventLog;
  /** Names this run of the gateway. */
  readonly run: string;
}

/** Held shorter than any proxy or client cuts a silent connection. */
const WORKER_HOLD_MS = 25_000;

function atRunpod({ lease }: Pick<Job, 'lease'>): WaitReason {
  const there = lease ? `${remoteEndpointOf(lease.workerId)} at RunPod` : 'RunPod';
  return { code: 'AT_RUNPOD', message: `it was handed to ${there}, and waits for a worker there` };
}

/** The HTTP part of the composition root: wires what routes work with, and builds the app around it. */
export function createHttpFace(options: HttpFaceOptions): App {
  const { config, clock, log, engine, adminKey, workerKeys, watchWebhooks, ledger, events, run, ...given } =
    options;
  const { queue, dispatcher, waiters, stops, strays, forgetSoon } = engine;
  const { endpoints, fleet, keys, uploadTokens } = given;
  const version = readVersion();
  const metrics = createGatewayMetrics({ queue, fleet, endpoints, version, watchWebhooks, costs: ledger });
  recordEvents(events, { queue, fleet, endpoints, clock });
  logEvents(events, log);
  const stopping = new AbortController();
  const parts: RouteParts = {
    ...given,
    ...{ queue, dispatcher, waiters, stops, strays, forgetSoon, clock, events },
    publicUrl: config.publicUrl,
    spool: createSpool(path.join(config.dataDir, 'spool')),
    stopping: stopping.signal,
    reference: createReference(ROUTES, version),
    leaseMs: config.lease.durationMs,
    workerHoldMs: WORKER_HOLD_MS,
    metricsText: metrics.text,
    waitReason: async (job, detail) => {
      const endpoint = endpoints.get(job.endpoint);
      if (job.status !== 'IN_QUEUE') return isPlaced(job) ? atRunpod(job) : undefined;
      if (!endpoint) return undefined;
      return decideWaitReason({
        endpoint,
        workers: fleet.workers(endpoint.name),
        startProblem: fleet.startProblem(endpoint.name),
        spillObstacle: given.spill.obstacle(job),
        budgetStop: ledger.stopOf(endpoint.name),
        gpuObstacle: given.placer.obstacle(endpoint.name),
        position: detail === 'brief' ? undefined : await queue.jobsAhead(job.id),
        isLowPriority: job.isLowPriority,
        isPaused: endpoints.isPaused(endpoint.name),
        notBefore: { inMs: job.availableAt - clock.now(), isRetry: job.attempt > 0 },
      });
    },
  };
  return createApp({
    ...{ parts, log, onAnswer: metrics.observeRequest },
    authenticate: createAuthenticator({ adminKey, keys, workerKeys, uploadTokens }),
    limiter: createRateLimiter(config.rateLimits, clock),
    requestIds: createRequestIds(run),
    corsOrigins: config.cors.origins,
    onClose: () => stopping.abort(),
  });
}
