import { z } from 'zod';
import { type Environment, parseEnvironment } from '../../environment.ts';
import { DEFAULT_VIDEO_MAX_GB, DEFAULT_VIDEO_MAX_HOURS, gigabytes } from './video-env.ts';
import { VIDEO_EXTENSIONS } from './video-keys.ts';

/** Settings of video jobs, from the worker's environment. */
export interface VideoSettings {
  readonly maxBytes: number;
  readonly maxHours: number;
  /** Without the dot. */
  readonly extensions: readonly string[];
  readonly jobTimeoutMs: number;
  /** After each of these a job that is interrupted goes on. */
  readonly segmentMs: number;
  /** Without a sign of life for so long a job whose state nobody can tell is lost. */
  readonly lostAfterMs: number;
}

const above0 = (unit: string, fallback: number) =>
  z.coerce
    .number({ error: `expected ${unit}` })
    .positive(`expected ${unit} above 0`)
    .default(fallback);

const schema = z.object({
  VIDEO_MAX_GB: above0('gigabytes', DEFAULT_VIDEO_MAX_GB),
  VIDEO_MAX_HOURS: above0('hours', DEFAULT_VIDEO_MAX_HOURS),
  VIDEO_EXTENSIONS: z.string().default(VIDEO_EXTENSIONS.join(',')),
  VIDEO_JOB_TIMEOUT_S: above0('seconds', 86_400).refine(
    (value) => value >= 5 && value <= 604_800,
    'expected 5 to 604800 seconds',
  ),
  VIDEO_SEGMENT_S: above0('seconds', 30),
  VIDEO_LOST_AFTER_S: above0('seconds', 300),
});

/** @throws Error whose message names every variable that is wrong. */
export function readVideoSettings(env: Environment): VideoSettings {
  const read = parseEnvironment(
    schema,
    env,
    "The video jobs' environment",
    (sentence) => new Error(sentence),
  );
  return {
    maxBytes: gigabytes(read.VIDEO_MAX_GB),
    maxHours: read.VIDEO_MAX_HOURS,
    extensions: read.VIDEO_EXTENSIONS.split(',').map((one) => one.trim().replace(/^\./, '').toLowerCase()),
    jobTimeoutMs: Math.round(read.VIDEO_JOB_TIMEOUT_S * 1000),
    segmentMs: Math.round(read.VIDEO_SEGMENT_S * 1000),
    lostAfterMs: Math.round(read.VIDEO_LOST_AFTER_S * 1000),
  };
}
