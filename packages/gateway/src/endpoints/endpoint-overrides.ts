import type { EndpointChange, EndpointView, WarmWindowView } from '@spillway/protocol/v1';
import type { Endpoint } from './endpoint.ts';
import { readWarmWindow, showWarmWindow } from './warm-window.ts';

/**
 * What was changed live of one endpoint, as pure functions over plain data: the file's values lie below, these above.
 * `workers` and `retries` are changed value by value, `scaling` and the list of
 * `workers.warm` only as a whole.
 */
export interface EndpointOverrides {
  readonly workers?: Partial<Endpoint['workers']>;
  readonly retries?: Partial<Endpoint['retries']>;
  readonly scaling?: Endpoint['scaling'];
  readonly executionTimeoutMs?: number;
  readonly ttlMs?: number;
  readonly initTimeoutMs?: number;
  readonly cancelGraceMs?: number;
}

const GROUPS = ['workers', 'retries'] as const;
const SINGLES = ['scaling', 'executionTimeoutMs', 'ttlMs', 'initTimeoutMs', 'cancelGraceMs'] as const;

/** The endpoint as it works now. Where the file's `min` has come to lie above a changed `max`, `max` holds. */
export function applyOverrides(base: Endpoint, overrides: EndpointOverrides): Endpoint {
  const workers = { ...base.workers, ...overrides.workers };
  return {
    ...base,
    ...overrides,
    workers: { ...workers, min: Math.min(workers.min, workers.max) },
    retries: { ...base.retries, ...overrides.retries },
  };
}

/** The overrides after a change: what it names is replaced, null takes away, the rest stays. */
export function mergeChange(overrides: EndpointOverrides, change: EndpointChange): EndpointOverrides {
  const merged: Record<string, unknown> = { ...overrides };
  for (const name of SINGLES) if (change[name] !== undefined) merged[name] = change[name];
  for (const name of GROUPS) {
    const part = name === 'workers' ? workersOf(change.workers) : change[name];
    if (part !== undefined) merged[name] = part === null ? {} : withoutNulls({ ...overrides[name], ...part });
    if (Object.keys((merged[name] as object | undefined) ?? {}).length === 0) delete merged[name];
  }
  return withoutNulls(merged) as EndpointOverrides;
}

/** Windows of hours come in words. */
function workersOf(change: EndpointChange['workers']) {
  return change?.warm ? { ...change, warm: change.warm.map(readWarmWindow) } : change;
}

function withoutNulls(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** What a changed endpoint would contradict, as a sentence; undefined when it is sound. */
export function contradiction(base: Endpoint, overrides: EndpointOverrides): string | undefined {
  if (base.loadBalancing && overrides.scaling?.type === 'QUEUE_DELAY') {
    return 'scaling.type: expected REQUEST_COUNT, the only rule for an endpoint without a queue, got QUEUE_DELAY';
  }
  const { min, max } = { ...base.workers, ...overrides.workers };
  if (min <= max) return undefined;
  return `workers.min: expected at most workers.max (${max}), got ${min}; lower the one or raise the other`;
}

/** Every setting with its value, the file's, and whether they are kept apart by a change. */
export function describeSettings(base: Endpoint, overrides: EndpointOverrides): EndpointView['settings'] {
  const now = applyOverrides(base, overrides);
  const shown = <T>(value: T, from: T, override: unknown) => ({
    value,
    base: from,
    isOverridden: override !== undefined,
  });
  const { workers, retries } = now;
  return {
    workers: {
      min: shown(workers.min, base.workers.min, overrides.workers?.min),
      max: shown(workers.max, base.workers.max, overrides.workers?.max),
      idleTimeoutMs: shown(
        workers.idleTimeoutMs,
        base.workers.idleTimeoutMs,
        overrides.workers?.idleTimeoutMs,
      ),
      warm: shown(windowsOf(workers), windowsOf(base.workers), overrides.workers?.warm),
    },
    scaling: shown(now.scaling, base.scaling, overrides.scaling),
    retries: {
      workerLost: shown(retries.workerLost, base.retries.workerLost, overrides.retries?.workerLost),
      handlerError: shown(retries.handlerError, base.retries.handlerError, overrides.retries?.handlerError),
    },
    executionTimeoutMs: shown(now.executionTimeoutMs, base.executionTimeoutMs, overrides.executionTimeoutMs),
    ttlMs: shown(now.ttlMs, base.ttlMs, overrides.ttlMs),
    initTimeoutMs: shown(now.initTimeoutMs, base.initTimeoutMs, overrides.initTimeoutMs),
    cancelGraceMs: shown(now.cancelGraceMs, base.cancelGraceMs, overrides.cancelGraceMs),
  };
}

function windowsOf({ warm = [] }: Endpoint['workers']): WarmWindowView[] {
  return warm.map(showWarmWindow);
}
