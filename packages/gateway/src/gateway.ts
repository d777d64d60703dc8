import os from 'node:os';
import type { DatabaseSync } from 'node:sqlite';
import type { ArtifactStore } from '@spillway/artifacts';
import { type Clock, createSystemClock } from '@spillway/sdk/clock';
import { createAddressRules } from '@spillway/sdk/net';
import type { Logger } from 'pino';
import { type ArtifactParts, createArtifactParts, openLedger, openStoreOf } from './artifact-parts.ts';
import { type Batches, createBatches } from './batches/batches.ts';
import { createSqliteBatchStore } from './batches/sqlite/sqlite-batch-store.ts';
import type { GatewayConfig } from './config/index.ts';
import { type DataLock, lockDataDirectory } from './db/data-lock.ts';
import { openDatabase } from './db/open.ts';
import type { BackendKind } from './endpoints/endpoint.ts';
import { createEndpointDirectory, type EndpointDirectory } from './endpoints/endpoint-directory.ts';
import { createEndpointStore } from './endpoints/endpoint-store.ts';
import { createEventLog } from './events/event-log.ts';
import { createBackends } from './fleet/create-backends.ts';
import { createFleet, type Fleet } from './fleet/fleet.ts';
import { createCardReader } from './fleet/gpu/card-reader.ts';
import { createGpuPlacer, type GpuPlacer } from './fleet/gpu/gpu-placer.ts';
import { readCards } from './fleet/gpu/read-cards.ts';
import { readHostHardware } from './fleet/host-hardware.ts';
import { createPoolStore, type PoolStore } from './fleet/pool-store.ts';
import { workerOrigin } from './fleet/worker-origins.ts';
import { createGatewayCosts, type GatewayCosts } from './gateway-costs.ts';
import { actOnChanges, pokeOnJobs } from './gateway-reactions.ts';
import { createGatewaySpill } from './gateway-spill.ts';
import type { App } from './http/app.ts';
import { batchSubmission } from './http/batch/batch-submission.ts';
import { listenOn } from './http/listen.ts';
import { arrivalLimit } from './http/request-arrival.ts';
import { createWorkerDoor, type WorkerDoor } from './http/worker-door.ts';
import { createHttpFace } from './http-face.ts';
import { createDeliveryHolds } from './jobs/delivery-holds.ts';
import { createJobEngine, type JobEngine, type JobEngineOptions } from './jobs/engine.ts';
import { readNewestTime } from './jobs/sqlite/newest-time.ts';
import { createThreadWriter } from './jobs/sqlite/writer.ts';
import { type AdminKey, resolveAdminKey } from './keys/admin-key.ts';
import { createKeyStore } from './keys/key-store.ts';
import { resolveWebhookSecret } from './keys/webhook-secret.ts';
import { createWorkerKeys, type WorkerKeys } from './keys/worker-keys.ts';
import { createRandomIds, type Ids } from './lib/ids.ts';
import { probeHealth } from './load-balancing/health-probe.ts';
import { createLoadBalancer, type LoadBalancer } from './load-balancing/load-balancer.ts';
import type { SpillRouter } from './remote/spill-router.ts';
import { createWebhookDelivery, type WebhookDelivery } from './results/deliver-webhooks.ts';
import type { DeliveryStore } from './results/delivery.ts';
import { createSqliteDeliveryStore } from './results/sqlite/sqlite-delivery-store.ts';
import { createDemandReader } from './scheduler/read-demand.ts';
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts';
import { createJobSignatures } from './signatures/create-job-signatures.ts';
import { catalogueFile } from './usage/catalogue/catalogue-file.ts';

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

export function createGateway(options: GatewayOptions): Gateway {
  return new Gateway(options);
}

/**
 * The composition root: builds all parts of one gateway, wires them, starts them in the direction of the flow and stops
 * them in reverse. It owns no rules of its own.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  #clock: Clock;
  readonly #ids: Ids;
  #parts: Parts | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? createSystemClock();
    this.#ids = options.ids ?? createRandomIds();
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
      parts = this.#build(lock, await openStoreOf({ ...this.#options, ids: this.#ids }));
      this.#parts = parts;
      const predecessors = new Set(await parts.fleet.start());
      // Before anything sweeps old jobs: their results may not be kept yet.
      await parts.batches.start();
      const { listen, workerListen } = this.#options.config;
      const { app, door } = parts;
      parts.url = await listenOn('listen', listen, (address) => app.listen(address));
      if (workerListen) parts.workerPort = await listenOn('workerListen', workerListen, door.listen);
      lock.describe({ pid: process.pid, url: parts.url });
      await parts.engine.start((workerId) => predecessors.has(workerId));
      await parts.spill.start();
      parts.costs.start();
      parts.webhooks.start();
      parts.sweeping.start();
      parts.loadBalancer.start();
      parts.scheduler.start();
    } catch (error) {
      await parts?.door.close();
      await parts?.app.close();
      await parts?.batches.stop();
      await parts?.engine.close();
      lock.release();
      throw error;
    }
  }

  async #stop(): Promise<void> {
    await this.#started?.catch(() => {});
    const parts = this.#parts;
    if (!parts?.url) return;
    parts.isStopping = true;
    parts.loadBalancer.close();
    parts.placer.stop();
    await parts.scheduler.stop();
    await parts.fleet.stop();
    await parts.loadBalancer.stop();
    await parts.spill.stop();
    await parts.costs.stop();
    await parts.webhooks.stop();
    await parts.batches.stop();
    await parts.sweeping.stop();
    await parts.engine.stop();
    await parts.door.close();
    await parts.app.close();
    await parts.engine.close();
    parts.lock.release();
  }

  #build(lock: DataLock, store: ArtifactStore): Parts {
    const { config, log } = this.#options;
    const adminKey = resolveAdminKey(config.dataDir, this.#options.adminKey, this.#ids);
    const file = `${config.dataDir}/jobs.db`;
    const db = openDatabase(file);
    this.#clock = this.#options.clock ?? createSystemClock(readNewestTime(db));
    const keys = createKeyStore(db, { clock: this.#clock, ids: this.#ids });
    const workerKeys = createWorkerKeys(this.#ids);
    const endpoints = createEndpointDirectory(config.endpoints, createEndpointStore(db, this.#clock));
    const clock = this.#clock;
    const given = { config, log, clock, ids: this.#ids, endpoints, env: this.#options.hostEnv };
    const costing = createGatewayCosts({
      ...{ ...given, fleet: () => fleet, catalogueFile: catalogueFile(config.dataDir) },
    });
    const room = openLedger(db, config);
    const forJobs = { fleet: () => fleet, meter: costing.meter, valueBytes: store, valueQuota: room.values };
    const engine = this.#buildEngine(db, file, endpoints, forJobs);
    const deliveries = createSqliteDeliveryStore(db, engine.exclusive);
    const webhooks = this.#buildWebhooks(engine, deliveries);
    const poolStore = createPoolStore(db, engine.exclusive);
    const fleet = this.#buildFleet(engine, workerKeys, poolStore, () => loadBalancer);
    const onDemand = () => scheduler.poke();
    const loadBalancer = createLoadBalancer({
      ...{ clock, endpoints, fleet, probe: probeHealth, onDemand },
      unpaidReason: (name) => ledger.stopOf(name),
    });
    const placer = this.#buildPlacer(fleet);
    const run = this.#ids.short(6);
    const events = createEventLog(run);
    const pokeWebhooks = webhooks.poke;
    const holds = createDeliveryHolds(engine.dispatcher);
    const metered = { ...engine, dispatcher: holds.by('budget') };
    const costs = costing.open(db, { engine: metered, fleet, events, pokeWebhooks, onStopChange: onDemand });
    const { isHeld, isUnpaid, ledger } = costs;
    const wantsTrial = (endpoint: string) => spill.wantsTrial(endpoint);
    const demand = { queue: engine.queue, endpoints, loadBalancer, isHeld, isUnpaid, wantsTrial };
    const queue = createDemandReader(demand);
    const scheduler = createScheduler({ clock, endpoints, fleet, placer, queue, log });
    const signatures = createJobSignatures({ db, engine, endpoints, ids: this.#ids, log });
    const spill = createGatewaySpill({
      ...{ ...given, db, engine, fleet, placer, signatures, costs: costs.spill },
      delivery: holds.by('breaker'),
      artifacts: () => kept.artifacts,
    });
    actOnChanges(endpoints, holds.by('pause'), scheduler);
    pokeOnJobs({ engine, fleet, scheduler, webhooks });
    const batches = this.#buildBatches(db, engine, endpoints);
    const base = { config, log, clock, ids: this.#ids };
    const { sweeping, ...kept } = createArtifactParts(db, store, { ...base, ...engine, ledger: room });
    const app = createHttpFace({
      ...{ ...base, engine, fleet, endpoints, keys, workerKeys, run, events, ledger },
      ...{ loadBalancer, batches, deliveries, placer, spill, signatures, pokeWebhooks },
      ...{ ...kept, usage: costs.views },
      adminKey: adminKey.secret,
      watchWebhooks: webhooks.watch,
      isStopping: () => this.#parts?.isStopping ?? false,
    });
    return {
      ...{ lock, adminKey, engine, fleet, loadBalancer, placer, batches },
      ...{ scheduler, spill, webhooks, app, costs, sweeping },
      door: createWorkerDoor(app, arrivalLimit(endpoints)),
      url: '',
      workerPort: 0,
      isStopping: false,
    };
  }

  #buildEngine(
    db: DatabaseSync,
    file: string,
    endpoints: EndpointDirectory,
    {
      fleet,
      ...more
    }: { fleet: () => Fleet } & Pick<JobEngineOptions, 'meter' | 'valueBytes' | 'valueQuota'>,
  ): JobEngine {
    const { config, log } = this.#options;
    return createJobEngine({
      db,
      writer: createThreadWriter(file),
      clock: this.#clock,
      ids: this.#ids,
      endpoints: endpoints.names(),
      cancelGraceMs: (name) => endpoints.get(name)?.cancelGraceMs ?? 0,
      heartbeatMs: config.lease.heartbeatMs,
      retentionMs: config.retention.resultsMs,
      ...more,
      onOverdueWorker: (workerId) =>
        void fleet().killWorker(workerId, 'it went on with a job that was cancelled or out of time'),
      outOfReach: {
        has: (workerId) => fleet().isOutOfReach(workerId),
        wontStop: (workerId, jobIds) => fleet().pool.wontStop(workerId, jobIds),
        hasStopped: (workerId) => fleet().pool.hasStopped(workerId),
      },
      onError: (error) =>
        log.error({ err: error }, 'the job store failed; what it could not write is tried again'),
    });
  }

  #buildBatches(db: DatabaseSync, { queue, exclusive }: JobEngine, endpoints: EndpointDirectory): Batches {
    return createBatches({
      store: createSqliteBatchStore(db, exclusive),
      queue,
      clock: this.#clock,
      ids: this.#ids,
      toSubmission: ({ endpoint: name, batchId, body, keyId }) => {
        const endpoint = endpoints.get(name);
        return endpoint && batchSubmission(endpoint, batchId, body, keyId);
      },
      onError: (error) => this.#options.log.error({ err: error }, 'the batch loop failed; it goes on'),
    });
  }

  #buildWebhooks(engine: JobEngine, store: DeliveryStore): WebhookDelivery {
    const { config, log } = this.#options;
    return createWebhookDelivery({
      store,
      jobs: engine.queue,
      clock: this.#clock,
      wallTime: Date.now,
      random: Math.random,
      secret: resolveWebhookSecret(config.dataDir, config.webhookSecret),
      rules: createAddressRules(config.allowPrivateUrls),
      onError: (error) => log.error({ err: error }, 'the webhook loop failed; it goes on'),
    });
  }

  #buildFleet(
    engine: JobEngine,
    workerKeys: WorkerKeys,
    poolStore: PoolStore,
    loadBalancer: () => LoadBalancer,
  ): Fleet {
    const { config, log, hostEnv = process.env } = this.#options;
    const hardware = readHostHardware();
    // Elsewhere containers run in a machine of the engine's own.
    const hasHostNetwork = process.platform === 'linux';
    const backends = createBackends({
      clock: this.#clock,
      dataDir: config.dataDir,
      hostEnv,
      onError: (message, error) => log.error({ err: error }, message),
      endpoints: config.endpoints,
      hardware,
      hasHostNetwork,
    });
    return createFleet({
      clock: this.#clock,
      ids: this.#ids,
      backends,
      hardware,
      hostname: os.hostname(),
      heartbeatMs: config.lease.heartbeatMs,
      leaseMs: config.lease.durationMs,
      origin: (backend) => this.#workerOrigin(backend, hasHostNetwork),
      keys: {
        issueKey: (workerId, endpoint) => workerKeys.issue({ workerId, endpoint }),
        revokeKey: workerKeys.revoke,
      },
      log,
      jobs: {
        held: engine.queue.held.count,
        close: engine.dispatcher.close,
        reopen: engine.dispatcher.forget,
      },
      poolStore,
      async drain(workerId, signal) {
        await Promise.all([engine.drain(workerId, signal), loadBalancer().drain(workerId, signal)]);
      },
      onWorkerLost: async (workerId, _endpoint, failure) => engine.workerLost(workerId, failure),
    });
  }

  #buildPlacer(fleet: Fleet): GpuPlacer {
    const { config, hostEnv = process.env } = this.#options;
    const clock = this.#clock;
    return createGpuPlacer({
      clock,
      reader: createCardReader({ clock, read: (signal) => readCards({ clock, env: hostEnv, signal }) }),
      endpoints: config.endpoints,
      workers: () => fleet.workers(),
    });
  }

  #workerOrigin(backend: BackendKind, hasHostNetwork: boolean): string {
    const { publicUrl, workerListen } = this.#options.config;
    const { url, workerPort } = this.#running;
    return workerOrigin(backend, {
      url,
      publicUrl,
      workerListen: workerListen && { host: workerListen.host, port: workerPort },
      hostname: os.hostname(),
      hasHostNetwork,
    });
  }
}

interface Parts {
  readonly lock: DataLock;
  readonly adminKey: AdminKey;
  readonly engine: JobEngine;
  readonly fleet: Fleet;
  readonly loadBalancer: LoadBalancer;
  readonly placer: GpuPlacer;
  readonly scheduler: Scheduler;
  readonly spill: SpillRouter;
  readonly costs: GatewayCosts;
  readonly webhooks: WebhookDelivery;
  readonly batches: Batches;
  readonly sweeping: ArtifactParts['sweeping'];
  readonly app: App;
  readonly door: WorkerDoor;
  /** Empty until it listens. */
  url: string;
  /** 0 unless there is a listener for workers. */
  workerPort: number;
  isStopping: boolean;
}
