import { formatDuration, parseDuration } from '@spillway/gateway/config';
import type { EndpointChange, EndpointView, WarmWindowView } from '@spillway/protocol/v1';
import { wrongUse } from '../cli-error.ts';
import { parseWarmWindows, showWarmWindows } from './warm-windows.ts';

/** Settings of endpoints as people write them, in the words of `spillway.yaml`, and as the gateway's API has them. */
type Settings = EndpointView['settings'];

interface Shown {
  readonly value: unknown;
  readonly base: unknown;
  readonly isOverridden: boolean;
}

interface NumberRow {
  readonly kind: 'duration' | 'count';
  /** The change that sets it; null takes it back to the file's. */
  change(value: number | null): EndpointChange;
  /** Undefined where it does not apply, as one of two ways to scale. */
  read(settings: Settings): Shown | undefined;
}

interface WindowsRow {
  readonly kind: 'windows';
  change(value: WarmWindowView[] | null): EndpointChange;
  read(settings: Settings): Shown | undefined;
}

type SettingRow = NumberRow | WindowsRow;

function ofScaling(settings: Settings, type: string, key: string): Shown | undefined {
  const { value, base, isOverridden } = settings.scaling;
  if (value.type !== type) return undefined;
  // The other way to scale is told by its name.
  const number = (scaling: Readonly<Record<string, unknown>>) => scaling[key] ?? scaling.type;
  return { value: number(value), base: number(base), isOverridden };
}

export const SETTINGS: Readonly<Record<string, SettingRow>> = {
  'workers.min': {
    kind: 'count',
    change: (min) => ({ workers: { min } }),
    read: ({ workers }) => workers.min,
  },
  'workers.max': {
    kind: 'count',
    change: (max) => ({ workers: { max } }),
    read: ({ workers }) => workers.max,
  },
  'workers.idleTimeout': {
    kind: 'duration',
    change: (idleTimeoutMs) => ({ workers: { idleTimeoutMs } }),
    read: ({ workers }) => workers.idleTimeoutMs,
  },
  'workers.warm': {
    kind: 'windows',
    change: (warm) => ({ workers: { warm } }),
    read: ({ workers }) => workers.warm,
  },
  'scaling.queueDelay': {
    kind: 'duration',
    change: (ms) => ({ scaling: ms === null ? null : { type: 'QUEUE_DELAY', queueDelayMs: ms } }),
    read: (settings) => ofScaling(settings, 'QUEUE_DELAY', 'queueDelayMs'),
  },
  'scaling.requestCount': {
    kind: 'count',
    change: (count) => ({ scaling: count === null ? null : { type: 'REQUEST_COUNT', requestCount: count } }),
    read: (settings) => ofScaling(settings, 'REQUEST_COUNT', 'requestCount'),
  },
  executionTimeout: {
    kind: 'duration',
    change: (executionTimeoutMs) => ({ executionTimeoutMs }),
    read: (settings) => settings.executionTimeoutMs,
  },
  ttl: { kind: 'duration', change: (ttlMs) => ({ ttlMs }), read: (settings) => settings.ttlMs },
  initTimeout: {
    kind: 'duration',
    change: (initTimeoutMs) => ({ initTimeoutMs }),
    read: (settings) => settings.initTimeoutMs,
  },
  cancelGrace: {
    kind: 'duration',
    change: (cancelGraceMs) => ({ cancelGraceMs }),
    read: (settings) => settings.cancelGraceMs,
  },
  'retries.workerLost': {
    kind: 'count',
    change: (workerLost) => ({ retries: { workerLost } }),
    read: ({ retries }) => retries.workerLost,
  },
  'retries.handlerError': {
    kind: 'count',
    change: (handlerError) => ({ retries: { handlerError } }),
    read: ({ retries }) => retries.handlerError,
  },
};

/** `workers.max=5 ttl=2h` as one change. `key=default` takes a value back to the file's. */
export function changeOf(assignments: readonly string[]): EndpointChange {
  let change: EndpointChange = {};
  for (const assignment of assignments) {
    const [, key = '', text = ''] = /^([^=]*)=(.*)$/.exec(assignment) ?? [];
    const row = SETTINGS[key];
    if (!row) {
      throw wrongUse(
        `"${assignment}": expected <setting>=<value>, where the setting is one of ${Object.keys(SETTINGS).join(', ')}`,
      );
    }
    change = merge(change, text === 'default' ? row.change(null) : setting(key, row, text));
  }
  return change;
}

function setting(key: string, row: SettingRow, text: string): EndpointChange {
  if (row.kind === 'windows') return row.change(parseWarmWindows(key, text));
  return row.change(numberOf(key, row.kind, text));
}

function numberOf(key: string, kind: NumberRow['kind'], text: string): number {
  if (kind === 'count' && /^\d+$/.test(text)) return Number(text);
  const ms = kind === 'duration' ? parseDuration(text) : undefined;
  if (ms !== undefined) return ms;
  const expected = kind === 'count' ? 'a whole number' : 'a duration with its unit, such as 30s or 2h';
  throw wrongUse(`${key}: expected ${expected}, or "default" for that of spillway.yaml, found "${text}"`);
}

function merge(a: EndpointChange, b: EndpointChange): EndpointChange {
  return {
    ...a,
    ...b,
    ...(a.workers && b.workers ? { workers: { ...a.workers, ...b.workers } } : {}),
    ...(a.retries && b.retries ? { retries: { ...a.retries, ...b.retries } } : {}),
  };
}

/** Rows of a table: setting, value, and what the file says where that is something else. */
export function settingRows(settings: Settings): string[][] {
  return Object.entries(SETTINGS).flatMap(([key, { kind, read }]) => {
    const shown = read(settings);
    if (!shown) return [];
    const text = (value: unknown) => textOf(kind, value);
    const remark = shown.isOverridden ? `changed; spillway.yaml says ${text(shown.base)}` : '';
    return [[key, text(shown.value), remark]];
  });
}

function textOf(kind: SettingRow['kind'], value: unknown): string {
  if (kind === 'windows') return showWarmWindows(value as readonly WarmWindowView[]);
  return kind === 'duration' && typeof value === 'number' ? formatDuration(value) : String(value);
}
