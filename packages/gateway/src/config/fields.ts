import { createAddressRules } from '@spillway/sdk/net';
import { z } from 'zod';
import { microsOf } from '../usage/money.ts';
import { DURATION_PATTERN, formatDuration, guessDuration, parseDuration } from './duration.ts';
import { textOf } from './problem.ts';

/**
 * The single values that `spillway.yaml` is made of. Each carries a hint, from which its problems are told: the zod
 * issue says only where.
 */
export interface Hint {
  /** What belongs here, as in "a duration from 1s to 1h, such as `5s`". */
  readonly expected: string;
  /** What to write instead of `found`. */
  fix(found: unknown): string;
  /** Of a union: what is wrong inside a block is told, not that the block is wrong. */
  readonly isToldInside?: true;
  /** The value is never shown. */
  readonly isSecret?: true;
}

export const hints = z.registry<Hint>();

/** A problem that a check over several keys found; carried in a zod issue's `params`. */
export interface CheckParams {
  readonly fix: string;
}

interface DurationLimits {
  /** Bounds in words of the file, as `5s`. */
  readonly min: string;
  readonly max: string;
  /** Whose bounds these are, where they are not ours. */
  readonly isRunPods?: boolean;
}

/** Text such as `5s` → whole milliseconds within the bounds. */
export function duration(limits: DurationLimits, fallback: string, description: string) {
  return optionalDuration(limits, fallback, description)
    .unwrap()
    .prefault(fallback)
    .describe(describeDuration(limits, description));
}

/** Absent where the file doesn't say; `example` is what a message shows. */
export function optionalDuration(limits: DurationLimits, example: string, description: string) {
  const min = parseDuration(limits.min) ?? 0;
  const max = parseDuration(limits.max) ?? 0;
  const bounds = limits.isRunPods ? ", RunPod's own bounds" : '';
  return z
    .string()
    .regex(DURATION_PATTERN, { abort: true })
    .transform((text) => parseDuration(text) ?? Number.NaN)
    .refine((ms) => ms >= min && ms <= max)
    .register(hints, {
      expected: `a duration from ${limits.min} to ${limits.max}, such as \`${example}\`${bounds}`,
      fix: (found) => durationFix(found, { min, max }, example),
    })
    .optional()
    .describe(describeDuration(limits, description));
}

function describeDuration({ min, max }: DurationLimits, description: string): string {
  return `${description} A duration from ${min} to ${max}.`;
}

function durationFix(found: unknown, { min, max }: { min: number; max: number }, fallback: string): string {
  const meant = guessDuration(found);
  const ms = meant === undefined ? undefined : parseDuration(meant);
  // The 7 of somebody who means days is no 7 s.
  const isTooLittle = ms !== undefined && ms < min && /^\d+$/.test(textOf(found));
  if (meant === undefined || ms === undefined || isTooLittle)
    return `write a number with its unit, such as \`${fallback}\``;
  if (ms < min) return `write at least \`${formatDuration(min)}\``;
  if (ms > max) return `write at most \`${formatDuration(max)}\``;
  return `write \`${meant}\` (units: ms, s, m, h, d)`;
}

/** A whole number; digits in text count too, since a filled-in `${NAME}` is always text. */
export function count(limits: { readonly min: number; readonly max: number }, description: string) {
  const number = z.int().min(limits.min).max(limits.max);
  const toNumber = (value: unknown) =>
    typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return z
    .preprocess(toNumber, number)
    .register(hints, {
      expected: `a whole number from ${limits.min} to ${limits.max}`,
      fix: (found) => {
        const value = Number.parseFloat(textOf(found));
        if (value > limits.max) return `write at most ${limits.max}`;
        if (value < limits.min) return `write at least ${limits.min}`;
        return `write a number such as ${Math.max(1, limits.min)}`;
      },
    })
    .describe(description);
}

const MOST_DOLLARS = 1_000_000;
/** The smallest that is kept: a millionth. */
const LEAST_DOLLARS = 0.000001;

/** An amount of dollars → whole millionths. */
export function dollars(description: string, { min = LEAST_DOLLARS, max = MOST_DOLLARS } = {}) {
  const toNumber = (value: unknown) =>
    typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return z
    .preprocess(toNumber, z.number().min(min).max(max))
    .transform(microsOf)
    .register(hints, {
      expected: `an amount of US dollars ${min === 0 ? 'from 0' : 'above 0'} to ${max}`,
      fix: () => 'write a number without a sign, such as `5.00`',
    })
    .describe(description);
}

/** Text that may not be empty: paths, names. */
export function text(expected: string, example: string, description: string) {
  return z
    .string()
    .min(1)
    .register(hints, { expected, fix: () => `write ${expected}, such as \`${example}\`` })
    .describe(description);
}

/** A host, `host:port`, address or network that URLs given by users may lead to although it is private. */
export function openTarget() {
  return z
    .string()
    .refine(isOpenTarget)
    .register(hints, {
      expected: 'a host, host:port, address or network',
      fix: () => 'write what to open, such as `minio.lan:9000` or `10.1.0.0/16`',
    });
}

function isOpenTarget(entry: string): boolean {
  try {
    createAddressRules([entry]);
    return true;
  } catch {
    return false;
  }
}

const LISTEN_PATTERN = /^(\[[0-9a-fA-F:.]+\]|[^:\s[\]]*):(\d{1,5})$/;

/** `host:port`; an empty host is loopback, since opening to the network must be written out. */
export function listenAddress(description: string) {
  return z
    .string()
    .regex(LISTEN_PATTERN, { abort: true })
    .transform((address) => {
      const [, host = '', port] = LISTEN_PATTERN.exec(address) ?? [];
      return { host: host.replaceAll(/[[\]]/g, '') || '127.0.0.1', port: Number(port) };
    })
    .refine(({ port }) => port <= 65_535)
    .register(hints, {
      expected: 'an address as host:port with a port from 0 (any free one) to 65535',
      fix: (found) => {
        const port = Number.parseFloat(textOf(found));
        const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
        return `write \`127.0.0.1:${isPort ? port : 8080}\``;
      },
    })
    .describe(description);
}

export function publicUrl() {
  return z
    .url({ protocol: /^https?$/, abort: true })
    .refine((url) => !/[?#]/.test(url))
    .transform((url) => url.replace(/\/+$/, ''))
    .register(hints, {
      expected: 'an http or https address without `?` or `#`',
      fix: () => 'write the address under which clients reach the gateway, such as `https://gpu.example.com`',
    })
    .describe('Address under which others reach the gateway; goes into presigned URLs and webhooks.');
}

/** The fix for a number, a yes or no, or an empty value where text belongs. */
export function quoteIt(found: unknown): string {
  const isSingle = typeof found !== 'object' || found === null;
  return isSingle ? `put it in quotes: "${textOf(found)}"` : 'write text in its place';
}

/** Program and arguments as a list. */
export function command() {
  const element = z.string().register(hints, {
    expected: 'text',
    fix: quoteIt,
  });
  return z
    .array(element)
    .min(1)
    .refine((parts) => parts[0] !== '')
    .register(hints, {
      expected: 'a list of a program and its arguments',
      fix: (found) => {
        const words = typeof found === 'string' ? found.trim().split(/\s+/) : ['python3', '-u', 'handler.py'];
        return `write \`[${words.join(', ')}]\``;
      },
    })
    .describe('Program and arguments that start one worker: any RunPod worker, in any language.');
}
