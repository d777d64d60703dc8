import { statSync } from 'node:fs';
import { z } from 'zod';
import { type Environment, parseEnvironment } from '../environment.ts';
import type { ENGINE_ENV } from './engine-env.ts';
import { decideProvider, inspectProviders, PROVIDER_CHOICES, type ProviderChoice } from './providers.ts';
import { usableCores } from './usable-cores.ts';

/** What the environment says of how models are run; the same variables for every worker (table: `docs/workers.md`). */
export interface EngineSettings {
  readonly provider: ProviderChoice;
  /** Cores that all engines of the worker share. */
  readonly cores: number;
  readonly fastStart: FastStart;
  readonly warmUp: WarmUp;
  /** Models are unloaded after this long without a request; undefined never unloads. */
  readonly idleUnloadMs?: number | undefined;
  readonly batch: BatchSettings;
  readonly recycle: RecycleSettings;
}

/** `ready`: before the worker says that it is ready. `idle`: when no request came for a moment. */
const WARM_UP_CHOICES = ['ready', 'idle', 'off'] as const;

export type WarmUp = (typeof WARM_UP_CHOICES)[number];

const FAST_START_CHOICES = ['auto', 'on', 'off'] as const;

export type FastStart = (typeof FAST_START_CHOICES)[number];

export interface BatchSettings {
  readonly maxSize: number;
  readonly windowMs: number;
  readonly maxWaiting: number;
}

/** The worker asks for a fresh process after so many jobs, or with so much resident memory. */
export interface RecycleSettings {
  readonly afterJobs?: number | undefined;
  readonly aboveBytes?: number | undefined;
}

/** What the environment says is wrong; the message lists all of it. */
class EngineSettingsError extends Error {
  override readonly name = 'EngineSettingsError';
}

const oneOf = <const Choices extends readonly [string, ...string[]]>(choices: Choices) =>
  z.enum(choices, { error: `expected ${choices.join(', ')}` });

const whole = (from: number, to: number) => {
  const error = `expected a whole number from ${from} to ${to}`;
  return z.coerce.number({ error }).int(error).min(from, error).max(to, error);
};

const milliseconds = (to: number) => {
  const error = `expected milliseconds from 0 to ${to}`;
  return z.coerce.number({ error }).min(0, error).max(to, error);
};

const environmentSchema = z.object({
  ONNX_PROVIDER: oneOf(PROVIDER_CHOICES).default('auto'),
  ONNX_THREADS: whole(1, 256).optional(),
  ONNX_FAST_START: oneOf(FAST_START_CHOICES).default('auto'),
  ONNX_WARM_UP: oneOf(WARM_UP_CHOICES).optional(),
  ONNX_IDLE_UNLOAD_MINUTES: whole(0, 10_080).default(0),
  BATCH_MAX_SIZE: whole(1, 256).default(8),
  BATCH_WINDOW_MS: milliseconds(1000).default(5),
  BATCH_MAX_WAITING: whole(1, 100_000).default(1024),
  RECYCLE_AFTER_JOBS: whole(0, 1_000_000_000).default(0),
  RECYCLE_ABOVE_MB: whole(0, 1_000_000_000).default(0),
} satisfies Record<(typeof ENGINE_ENV)[number], z.ZodType>);

/** @throws EngineSettingsError naming every variable that is wrong, what was expected and what it says. */
export function parseEngineSettings(env: Environment, parallelism = usableCores()): EngineSettings {
  const values = parseEnvironment(
    environmentSchema,
    env,
    'The environment',
    (sentence) => new EngineSettingsError(sentence),
  );
  const orUndefined = (value: number) => (value === 0 ? undefined : value);
  const idleMinutes = orUndefined(values.ONNX_IDLE_UNLOAD_MINUTES);
  const aboveMb = orUndefined(values.RECYCLE_ABOVE_MB);
  return {
    provider: values.ONNX_PROVIDER,
    cores: values.ONNX_THREADS ?? parallelism,
    fastStart: values.ONNX_FAST_START,
    warmUp: values.ONNX_WARM_UP ?? (isPod(env) ? 'ready' : 'idle'),
    idleUnloadMs: idleMinutes === undefined ? undefined : idleMinutes * 60_000,
    batch: {
      maxSize: values.BATCH_MAX_SIZE,
      windowMs: values.BATCH_WINDOW_MS,
      maxWaiting: values.BATCH_MAX_WAITING,
    },
    recycle: {
      afterJobs: orUndefined(values.RECYCLE_AFTER_JOBS),
      aboveBytes: aboveMb === undefined ? undefined : aboveMb * 1_000_000,
    },
  };
}

/**
 * A pod waits for requests, so its first one should find it warm. A worker that was started because a job waits would
 * only answer that job later.
 */
function isPod(env: Environment): boolean {
  return ['false', '0'].includes(env.RUNPOD_SERVERLESS?.trim().toLowerCase() ?? '');
}

/** Cores for each of `parts` engines, or threads, that run side by side. */
export function shareCores(cores: number, parts: number): number {
  return Math.max(1, Math.floor(cores / Math.max(1, parts)));
}

/** From here on a quick session saves more than the second thread costs (1 to 2 ms a megabyte of weights). */
const FAST_START_FROM_BYTES = 100_000_000;

/** Whether the models in `files` are worth a first session without prepacking; on a card there is nothing to prepack. */
export function isFastStartWorthIt(
  { fastStart, provider }: Pick<EngineSettings, 'fastStart' | 'provider'>,
  files: readonly string[],
): boolean {
  if (fastStart === 'off' || runsOnCard(provider)) return false;
  return fastStart === 'on' || weightBytes(files) >= FAST_START_FROM_BYTES;
}

function runsOnCard(choice: ProviderChoice): boolean {
  try {
    return choice !== 'cpu' && decideProvider(choice, inspectProviders()).provider === 'cuda';
  } catch {
    // The thread that loads the model says what is wrong.
    return false;
  }
}

/** External data lies beside its model, as the public exports name it. */
function weightBytes(files: readonly string[]): number {
  const places = files.flatMap((file) => [file, `${file}_data`, `${file}.data`]);
  return places.reduce((sum, place) => sum + (statSync(place, { throwIfNoEntry: false })?.size ?? 0), 0);
}
