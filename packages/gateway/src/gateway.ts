import os from 'node:os';
import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import { createAddressRules } from '@spillway/sdk/net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { GatewayConfig } from './config/index.ts';
import { type DataLock, lockDataDirectory } from './db/data-lock.ts';
import { openDatabase } from './db/open.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { createProcessBackend } from './fleet/backends/process.ts';
import { createFleet, type Fleet } from './fleet/fleet.ts';
import { readHostHardware } from './fleet/host-hardware.ts';
import { createApp } from './http/app.ts';
import { createAuthenticator } from './http/auth.ts';
import type { RouteParts } from './http/route.ts';
import { createJobEngine, type JobEngine } from './jobs/engine.ts';
import { type AdminKey, resolveAdminKey } from './keys/admin-key.ts';
import { createKeyStore } from './keys/key-store.ts';
import { resolveWebhookSecret } from './keys/webhook-secret.ts';
import { createWorkerKeys, type WorkerKeys } from './keys/worker-keys.ts';
import { createRandomIds, type Ids } from './lib/ids.ts';
import { createWebhookDelivery, type WebhookDelivery } from './results/deliver-webhooks.ts';
import type { DeliveryStore } from './results/delivery.ts';
import { createSqliteDeliveryStore } from './results/sqlite/sqlite-delivery-store.ts';
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts';
import { decideWaitReason } from './scheduler/wait-reason.ts';

export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly log: Logger;
  /** `SPILLWAY_ADMIN_KEY`; absent: the key file of the data directory, made at the first start. */
  readonly adminKey?: string | undefined;
  /** The environment of which workers get the allow-listed part (default: this process's). */
  readonly hostEnv?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

/** Held shorter than any proxy or client cuts a silent connection. */
const WORKER_HOLD_MS = 25_000;

export function createGateway(options: GatewayOptions): Gateway {
  return new Gateway(options);
}

/**
 * The composition root: builds all parts of one gateway, wires them, starts them in the direction of the flow and stops
 * them in reverse. It owns no rules of its own.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  #parts: Parts | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    this.#ids = options.ids ?? createRandomIds();
    this.#endpoints = new Map(options.config.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** Address it listens on. Only after `start`. */
  get url(): string {
    return this.#running.url;
  }

  get adminKey(): AdminKey {
    return this.#running.adminKey;
  }

  /**
   * Ready when it resolves. Rejects with DataDirectoryBusyError, or an Error whose message is a sentence for the user;
   * nothing is left running then.
   */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Lets running jobs finish for a while, hands the rest back, ends the workers. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  get #running(): Parts {
    if (!this.#parts) throw new Error('the gateway has not started');
    return this.#parts;
  }

  async #start(): Promise<void> {
    const lock = lockDataDirectory(this.#options.config.dataDir);
    let parts: Parts | undefined;
    try {
      parts = this.#build(lock);
      this.#parts = parts;
      const predecessors = new Set(await parts.fleet.start());
      parts.url = await listen(parts.app, this.#options.config.listen);
      lock.describe({ pid: process.pid, url: parts.url });
      await parts.engine.start((workerId) => predecessors.has(workerId));
      parts.webhooks.start();
      parts.scheduler.start();
    } catch (error) {
      await parts?.app.close();
      parts?.engine.close();
      lock.release();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    await this.#started?.catch(() => {});
    const parts = this.#parts;
    if (!parts?.url) return;
    parts.isStopping = true;
    await parts.scheduler.stop();
    await parts.fleet.stop();
    await parts.webhooks.stop();
    await parts.engine.stop();
    await parts.app.close();
    parts.engine.close();
    parts.lock.release();
  }

  #build(lock: DataLock): Parts {
    const { config, log } = this.#options;
    const adminKey = resolveAdminKey(config.dataDir, this.#options.adminKey, this.#ids);
    const db = openDatabase(`${config.dataDir}/jobs.db`);
    const keys = createKeyStore(db, { clock: this.#clock, ids: this.#ids });
    const workerKeys = createWorkerKeys(this.#ids);
    const engine = createJobEngine({
      db,
      clock: this.#clock,
      ids: this.#ids,
      endpoints: [...this.#endpoints.keys()],
      cancelGraceMs: (name) => this.#endpoints.get(name)?.cancelGraceMs ?? 0,
      retentionMs: config.retention.resultsMs,
      onOverdueWorker: (workerId) =>
        void fleet.killWorker(workerId, 'it went on with a job that was cancelled or out of time'),
      onError: (error) => log.error({ err: error }, 'the deadline loop failed; it goes on'),
    });
    const deliveries = createSqliteDeliveryStore(db);
    const webhooks = this.#buildWebhooks(engine, deliveries);
    const fleet = this.#buildFleet(engine, workerKeys);
    const scheduler = this.#buildScheduler(engine, fleet);
    engine.queue.watch(({ transition, isNew }) => {
      const worker = transition?.after.lease?.workerId ?? transition?.before.lease?.workerId;
      if (worker !== undefined) fleet.noteJobs(worker, engine.queue.held.count(worker));
      if (isNew || transition?.before.status !== transition?.after.status) scheduler.poke();
      if (transition?.after.webhook !== undefined && transition.after.finishedAt !== undefined)
        webhooks.poke();
    });
    const authenticate = createAuthenticator({ adminKey: adminKey.secret, keys, workerKeys });
    const routeParts = {
      ...this.#routeParts(engine, fleet, keys),
      deliveries,
      pokeWebhooks: webhooks.poke,
    };
    const app = createApp({ parts: routeParts, authenticate, log });
    return { lock, adminKey, engine, fleet, scheduler, webhooks, app, url: '', isStopping: false };
  }

  #buildWebhooks(engine: JobEngine, store: DeliveryStore): WebhookDelivery {
    const { config, log } = this.#options;
    return createWebhookDelivery({
      store,
      job: engine.queue.get,
      clock: this.#clock,
      random: Math.random,
      secret: resolveWebhookSecret(config.dataDir, config.webhookSecret),
      rules: createAddressRules(config.allowPrivateUrls),
      onError: (error) => log.error({ err: error }, 'the webhook loop failed; it goes on'),
    });
  }

  #buildFleet(engine: JobEngine, workerKeys: WorkerKeys): Fleet {
    const { config, log, hostEnv = process.env } = this.#options;
    const backend = createProcessBackend({
      clock: this.#clock,
      dataDir: config.dataDir,
      hostEnv,
      onError: (message, error) => log.error({ err: error }, message),
    });
    return createFleet({
      clock: this.#clock,
      ids: this.#ids,
      backends: [backend],
      hardware: readHostHardware(),
      hostname: os.hostname(),
      heartbeatMs: config.lease.heartbeatMs,
      origin: () => this.#running.url,
      keys: {
        issueKey: (workerId, endpoint) => workerKeys.issue({ workerId, endpoint }),
        revokeKey: workerKeys.revoke,
      },
      log,
      drain: engine.drain,
      onWorkerLost: async (workerId, _endpoint, failure) => engine.workerLost(workerId, failure),
    });
  }

  #buildScheduler(engine: JobEngine, fleet: Fleet): Scheduler {
    const { queue } = engine;
    return createScheduler({
      clock: this.#clock,
      endpoints: [...this.#endpoints.values()],
      fleet,
      queue: {
        async snapshot(endpoint) {
          const { ready, lowPriorityReady, inProgress } = queue.counts(endpoint);
          const oldestQueuedAt = await queue.oldestQueuedAt(endpoint);
          return {
            queued: ready,
            queuedLowPriority: lowPriorityReady,
            inProgress,
            ...(oldestQueuedAt === undefined ? {} : { oldestQueuedAt }),
          };
        },
      },
      log: this.#options.log,
    });
  }

  #routeParts(
    engine: JobEngine,
    fleet: Fleet,
    keys: RouteParts['keys'],
  ): Omit<RouteParts, 'deliveries' | 'pokeWebhooks'> {
    const { queue, dispatcher, waiters, stops } = engine;
    const endpoints = this.#endpoints;
    return {
      endpoints,
      queue,
      dispatcher,
      waiters,
      stops,
      fleet,
      keys,
      clock: this.#clock,
      leaseMs: this.#options.config.lease.durationMs,
      workerHoldMs: WORKER_HOLD_MS,
      isStopping: () => this.#parts?.isStopping ?? false,
      waitReason: async (job) => {
        const endpoint = endpoints.get(job.endpoint);
        if (job.status !== 'IN_QUEUE' || !endpoint) return undefined;
        return decideWaitReason({
          endpoint,
          workers: fleet.workers(endpoint.name),
          startProblem: fleet.startProblem(endpoint.name),
          position: await queue.jobsAhead(job.id),
          isLowPriority: job.isLowPriority,
        });
      },
    };
  }
}

interface Parts {
  readonly lock: DataLock;
  readonly adminKey: AdminKey;
  readonly engine: JobEngine;
  readonly fleet: Fleet;
  readonly scheduler: Scheduler;
  readonly webhooks: WebhookDelivery;
  readonly app: FastifyInstance;
  /** Empty until it listens. */
  url: string;
  isStopping: boolean;
}

async function listen(app: FastifyInstance, { host, port }: GatewayConfig['listen']): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reasons: Record<string, string> = {
      EADDRINUSE:
        'the port is taken; choose another with --port or `listen`, or stop the program that has it',
      EACCES: 'this user may not open that port; choose one above 1023',
      EADDRNOTAVAIL: 'this machine has no such address; check `listen`',
    };
    const reason = reasons[String(code)] ?? (error instanceof Error ? error.message : String(error));
    throw new Error(`can't listen on ${host}:${port}: ${reason}`, { cause: error });
  }
}
