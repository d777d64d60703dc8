import { z } from 'zod';
import { count } from './fields.ts';

/** Operations that are limited apart, with RunPod's figures where it has one: requests in ten seconds for each key. */
export const RATE_LIMITS = {
  run: { default: 1000, of: '`run`, and submits by `/v1`' },
  runsync: { default: 2000, of: '`runsync`' },
  status: { default: 2000, of: '`status`, `status-sync`, and looks at one job' },
  stream: { default: 2000, of: '`stream`' },
  lb: { default: 2000, of: 'requests to load-balancing endpoints, a WebSocket is one' },
  openai: { default: 2000, of: 'the OpenAI route' },
  cancel: { default: 100, of: '`cancel`, `retry`, and deletes' },
  purge: { default: 2, of: '`purge-queue`' },
  requests: { default: 10, of: '`requests`' },
  other: { default: 1000, of: 'everything else' },
} as const;

export type RateLimited = keyof typeof RATE_LIMITS;

export type RateLimits = Readonly<Record<RateLimited, number>>;

const BOUNDS = { min: 0, max: 1_000_000 };

export const rateLimits = z
  .strictObject(
    Object.fromEntries(
      Object.entries(RATE_LIMITS).map(([name, row]) => [
        name,
        count(BOUNDS, `Requests in ten seconds: ${row.of}. 0 means no limit.`).prefault(row.default),
      ]),
    ) as Record<RateLimited, z.ZodPrefault<ReturnType<typeof count>>>,
  )
  .prefault({})
  .describe('How much one key of scope client or viewer may ask for.');
