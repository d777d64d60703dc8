import path from 'node:path';
import type { ArtifactLimits } from '../artifacts/artifacts.ts';
import type { CardUse, ContainerSettings, Endpoint, GpuNeed, Scaling } from '../endpoints/endpoint.ts';
import { readWarmWindow } from '../endpoints/warm-window.ts';
import type { Budget } from '../usage/budget.ts';
import type { PriceSettings } from '../usage/prices.ts';
import { toBackends } from './backends-field.ts';
import { defaultBackends } from './check-backends.ts';
import { closestName } from './closest-name.ts';
import { VOLUME_PATTERN } from './container-fields.ts';
import { toBudgets, toPrices } from './cost-fields.ts';
import { toDeployment } from './deploy-field.ts';
import { toLoadBalancing } from './load-balancing-fields.ts';
import type { ConfigProblem } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ParsedConfig } from './schema.ts';
import { toSigning } from './signing-fields.ts';
import { toArtifactLimits } from './storage-fields.ts';

/** The configuration as the gateway uses it: durations in milliseconds, paths absolute, frozen to the last leaf. */
export interface GatewayConfig {
  /** Absolute path of the file; absent for the built-in defaults. */
  readonly file?: string;
  readonly listen: { readonly host: string /** 0 takes a free one. */; readonly port: number };
  /** Absolute folder of jobs, results, logs and keys. */
  readonly dataDir: string;
  /** Address under which others reach the gateway, without a slash at its end. */
  readonly publicUrl?: string;
  /** A second address that serves workers only. */
  readonly workerListen?: { readonly host: string; readonly port: number };
  /** What URLs of users may lead to besides the public internet. */
  readonly allowPrivateUrls: readonly string[];
  readonly webhookSecret?: string;
  readonly lease: { readonly durationMs: number; readonly heartbeatMs: number };
  readonly retention: { readonly resultsMs: number; readonly usageMs: number };
  readonly prices: PriceSettings;
  readonly budgets: readonly Budget[];
  readonly artifacts: ArtifactLimits;
  /** Origins of pages that may call from a browser. */
  readonly cors: { readonly origins: readonly string[] };
  readonly rateLimits: RateLimits;
  readonly endpoints: readonly Endpoint[];
}

/** How a built-in worker is started; known to whoever builds the gateway. */
export type BuiltInWorkers = Readonly<Record<string, BuiltInWorker>>;

interface BuiltInWorker {
  readonly command: readonly string[];
  /** What it makes of graphics cards, with these variables. Absent: it uses none. */
  readonly cardUse?: (env: Readonly<Record<string, string>>) => CardUse;
  /** The largest upload that it takes, with these variables, and the one that says so. Absent: of any size. */
  readonly uploadLimit?: (
    env: Readonly<Record<string, string>>,
  ) => { readonly bytes: number; readonly variable: string } | undefined;
  /** The longest video that it takes, in the same way. Absent: of any length. */
  readonly durationLimit?: (
    env: Readonly<Record<string, string>>,
  ) => { readonly ms: number; readonly variable: string } | undefined;
}

interface Origin {
  /** Folder that relative paths count from. */
  readonly folder: string;
  readonly file?: string;
  readonly builtInWorkers: BuiltInWorkers;
}

/** Endpoints whose `worker` is none of the built-in ones; `value` is the file's data, which may be wrong elsewhere. */
export function unknownWorkers(value: unknown, builtInWorkers: BuiltInWorkers): ConfigProblem[] {
  const known = Object.keys(builtInWorkers);
  const problems: ConfigProblem[] = [];
  for (const [name, endpoint] of entriesOf(Object(value).endpoints)) {
    const worker: unknown = Object(endpoint).worker;
    if (typeof worker !== 'string' || worker === '' || known.includes(worker)) continue;
    const near = closestName(worker, known);
    problems.push({
      path: `endpoints.${name}.worker`,
      message: `expected a built-in worker (${known.join(', ') || 'there are none'}), found "${worker}"`,
      fix: near ? `did you mean \`${near}\`?` : 'write one of these, or start your own with `command`',
    });
  }
  return problems;
}

function entriesOf(block: unknown): [string, unknown][] {
  return typeof block === 'object' && block !== null ? Object.entries(block) : [];
}

export function toGatewayConfig(parsed: ParsedConfig, origin: Origin): GatewayConfig {
  const { file, folder, builtInWorkers } = origin;
  const endpoints = Object.entries(parsed.endpoints).map(([name, endpoint]) =>
    toEndpoint(name, endpoint, folder, builtInWorkers),
  );
  return deepFreeze({
    ...(file === undefined ? {} : { file }),
    listen: parsed.listen,
    dataDir: path.resolve(folder, parsed.data),
    ...(parsed.publicUrl === undefined ? {} : { publicUrl: parsed.publicUrl }),
    ...(parsed.workerListen === undefined ? {} : { workerListen: parsed.workerListen }),
    allowPrivateUrls: parsed.allowPrivateUrls,
    ...(parsed.webhookSecret === undefined ? {} : { webhookSecret: parsed.webhookSecret }),
    lease: { durationMs: parsed.lease.duration, heartbeatMs: parsed.lease.heartbeat },
    retention: { resultsMs: parsed.retention.results, usageMs: parsed.retention.usage },
    prices: toPrices(parsed.prices),
    budgets: toBudgets(parsed.budgets, endpoints),
    artifacts: toArtifactLimits(parsed.artifacts),
    cors: parsed.cors,
    rateLimits: parsed.rateLimits,
    endpoints,
  });
}

function toEndpoint(
  name: string,
  parsed: ParsedConfig['endpoints'][string],
  folder: string,
  builtInWorkers: BuiltInWorkers,
): Endpoint {
  const { worker, workers } = parsed;
  const builtIn = worker === undefined ? undefined : builtInWorkers[worker];
  const loadBalancing = toLoadBalancing(parsed);
  return {
    name,
    ...(worker === undefined ? {} : { worker }),
    command: builtIn?.command ?? parsed.command ?? [],
    ...toContainer(parsed, folder),
    cwd: path.resolve(folder, parsed.cwd),
    env: parsed.env,
    ...(parsed.gpu === undefined ? {} : { gpu: toGpu(parsed.gpu) }),
    ...(builtIn?.cardUse ? { cardUse: builtIn.cardUse(parsed.env) } : {}),
    ...toUploadLimit(parsed, builtIn),
    ...toDurationLimit(parsed, builtIn),
    workers: {
      min: workers.min,
      max: workers.max,
      idleTimeoutMs: workers.idleTimeout,
      ...(workers.warm.length === 0 ? {} : { warm: workers.warm.map(readWarmWindow) }),
    },
    scaling: toScaling(parsed),
    ...loadBalancing,
    ...toSigning(name, parsed),
    // How long one piece of work may take, whichever kind it is.
    executionTimeoutMs: loadBalancing.loadBalancing?.requestTimeoutMs ?? parsed.executionTimeout,
    ttlMs: parsed.ttl,
    initTimeoutMs: parsed.initTimeout,
    ...toBackends(parsed, defaultBackends(parsed.image)),
    ...toDeployment(parsed.deploy),
    retries: parsed.retries,
    cancelGraceMs: parsed.cancelGrace,
  };
}

function toContainer(
  { image, args, gpus, volumes = [], memory, shmSize }: ParsedConfig['endpoints'][string],
  folder: string,
): { container?: ContainerSettings } {
  if (image === undefined) return {};
  return {
    container: {
      image,
      ...(args === undefined ? {} : { args }),
      ...(gpus === undefined ? {} : { gpus: gpus === 'none' ? 0 : gpus }),
      volumes: volumes.map((text) => {
        const [, source = '', target = '', options] = VOLUME_PATTERN.exec(text) ?? [];
        const isFolder = /^[./]/.test(source);
        return {
          source: isFolder ? path.resolve(folder, source) : source,
          target,
          ...(options === undefined ? {} : { options }),
        };
      }),
      ...(memory === undefined ? {} : { memoryBytes: memory }),
      ...(shmSize === undefined ? {} : { shmSizeBytes: shmSize }),
    },
  };
}

/** Where both the file and the worker set a limit, the smaller one. */
function toUploadLimit(
  { maxUpload, env }: ParsedConfig['endpoints'][string],
  builtIn: BuiltInWorker | undefined,
): Pick<Endpoint, 'uploadLimit'> {
  const own = builtIn?.uploadLimit?.(env);
  if (maxUpload !== undefined && maxUpload < (own?.bytes ?? Number.POSITIVE_INFINITY))
    return { uploadLimit: { bytes: maxUpload, setting: 'maxUpload' } };
  return own ? { uploadLimit: { bytes: own.bytes, setting: `env.${own.variable}` } } : {};
}

function toDurationLimit(
  { env }: ParsedConfig['endpoints'][string],
  builtIn: BuiltInWorker | undefined,
): Pick<Endpoint, 'durationLimit'> {
  const own = builtIn?.durationLimit?.(env);
  return own ? { durationLimit: { ms: own.ms, setting: `env.${own.variable}` } } : {};
}

function toGpu(gpu: NonNullable<ParsedConfig['endpoints'][string]['gpu']>): GpuNeed | 'none' {
  return gpu === 'none' ? gpu : { memoryBytes: gpu.memory, count: gpu.count };
}

function toScaling({ type, scaling }: ParsedConfig['endpoints'][string]): Scaling {
  if (scaling.type === 'REQUEST_COUNT') return { type: scaling.type, requestCount: scaling.requestCount };
  // Only by default: a file that says so for an endpoint without a queue was refused.
  if (type === 'LOAD_BALANCER') return { type: 'REQUEST_COUNT', requestCount: 1 };
  return { type: scaling.type, queueDelayMs: scaling.queueDelay };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
