import { parseDuration } from '@spillway/gateway/config';
import type { CreatePod } from '@spillway/sdk/runpod';
import { wrongUse } from '../cli-error.ts';
import { secretReference } from '../deploy/settings.ts';
import type { CardWish } from './choose-cards.ts';

/** Options of `spillway pods run` → what is asked of RunPod. Throws sentences. */
export interface RunPodOptions {
  readonly gpu?: string;
  readonly vram?: string;
  readonly count: number;
  readonly cpu?: string;
  readonly cloud: string;
  readonly image?: string;
  readonly volume?: string;
  readonly env?: readonly string[];
  readonly secret?: readonly string[];
  readonly disk: number;
  readonly region?: readonly string[];
  readonly maxTime: string;
  readonly maxCost?: string;
  readonly idle: string;
  readonly join?: string;
  readonly url?: string;
  readonly detach?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly config?: string;
  readonly data?: string;
}

export interface PodRequest {
  readonly wish: CardWish | undefined;
  readonly cpu: CreatePod['cpu'];
  readonly maxTimeMs: number;
  readonly maxCost: number | undefined;
  readonly idleMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: CreatePod['mounts'];
}

export function readPodOptions(options: RunPodOptions): PodRequest {
  const { gpu, vram, cpu, count } = options;
  if ([gpu ?? vram, cpu].filter((one) => one !== undefined).length !== 1) {
    throw wrongUse('say which machine: --gpu "NVIDIA A40" and/or --vram 24g, or --cpu cpu5c:4');
  }
  const cloud = options.cloud.toUpperCase();
  if (cloud !== 'SECURE' && cloud !== 'COMMUNITY') throw wrongUse('--cloud: expected secure or community');
  const wish =
    cpu === undefined ? { ...cardOf(gpu, vram), count, cloud: cloud as 'SECURE' | 'COMMUNITY' } : undefined;
  return {
    wish,
    cpu: cpu === undefined ? undefined : readCpu(cpu),
    maxTimeMs: readDuration('--max-time', options.maxTime, 1),
    maxCost: readDollars(options.maxCost, cpu !== undefined),
    idleMs: options.idle === 'never' ? 0 : readDuration('--idle', options.idle, 1),
    env: { ...readPairs('--env', options.env), ...references(readPairs('--secret', options.secret)) },
    mounts: readVolume(options.volume),
  };
}

function cardOf(card: string | undefined, vram: string | undefined) {
  return {
    ...(card === undefined ? {} : { card }),
    ...(vram === undefined ? {} : { memoryGb: readGigabytes(vram) }),
  };
}

function readGigabytes(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*gi?b?$/i.exec(text) ?? [];
  if (number === undefined) throw wrongUse(`--vram: expected gigabytes such as 24g, found "${text}"`);
  return Number(number);
}

function readCpu(text: string) {
  const [, id, vcpus] = /^([a-z0-9]+):(\d+)$/.exec(text) ?? [];
  const vcpuCount = Number(vcpus);
  if (id === undefined || vcpuCount < 2 || !Number.isInteger(Math.log2(vcpuCount))) {
    throw wrongUse(`--cpu: expected a flavor and a power of two, such as cpu5c:4, found "${text}"`);
  }
  return { id, vcpuCount };
}

function readDuration(option: string, text: string, least: number): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < least)
    throw wrongUse(`${option}: expected a duration such as 90m or 2h, found "${text}"`);
  return ms;
}

function readDollars(text: string | undefined, hasNoPrice: boolean): number | undefined {
  if (text === undefined) return undefined;
  const dollars = Number(text.replace(/^\$/, ''));
  if (!(dollars > 0)) throw wrongUse(`--max-cost: expected US dollars such as 2.50, found "${text}"`);
  if (hasNoPrice)
    throw wrongUse("--max-cost: RunPod's catalogue has no price of machines without cards; limit --max-time");
  return dollars;
}

function readPairs(option: string, pairs: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined)
        throw wrongUse(
          `${option}: expected NAME=${option === '--secret' ? 'name of a secret at RunPod' : 'value'}`,
        );
      return [name, value];
    }),
  );
}

function references(secrets: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secretReference(secret)]));
}

function readVolume(text: string | undefined): CreatePod['mounts'] {
  if (text === undefined) return undefined;
  const [, volumeId, path = '/workspace'] = /^([A-Za-z0-9]+)(?::(\/.+))?$/.exec(text) ?? [];
  if (volumeId === undefined)
    throw wrongUse(`--volume: expected the id of a network volume, and where it is seen: abc123:/workspace`);
  return { network: [{ volumeId, path }] };
}
