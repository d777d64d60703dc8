import { z } from 'zod';
import type { LoadBalancing } from '../endpoints/endpoint.ts';
import { duration, hints } from './fields.ts';
import { textOf } from './problem.ts';
import { parseSize, SIZE_PATTERN } from './size.ts';

/** The keys of an endpoint whose workers serve HTTP themselves. */
const ENDPOINT_TYPES = ['QUEUE', 'LOAD_BALANCER'] as const;

const HOST_PATTERN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

export const loadBalancingFields = {
  type: z
    .enum(ENDPOINT_TYPES)
    .register(hints, {
      expected: '`QUEUE` or `LOAD_BALANCER`',
      fix: () => 'write `type: LOAD_BALANCER` for workers that serve HTTP themselves, else remove it',
    })
    .prefault('QUEUE')
    .describe(
      'QUEUE: workers take jobs. LOAD_BALANCER: workers serve HTTP themselves, under /lb/{endpoint}/.',
    ),
  host: z
    .string()
    .regex(HOST_PATTERN, { abort: true })
    .transform((name) => name.toLowerCase())
    .register(hints, {
      expected: 'a host name without a scheme, port or path',
      fix: (found) => {
        const name = /^(?:https?:\/\/)?([a-z0-9.-]+)/i.exec(textOf(found))?.[1];
        return `write \`${name !== undefined && HOST_PATTERN.test(name) ? name : 'api.example.com'}\``;
      },
    })
    .optional()
    .describe('LOAD_BALANCER: host name under which the endpoint is served whole, besides /lb/{endpoint}/.'),
  healthCheckPath: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/)
    .register(hints, {
      expected: 'a path that begins with `/`',
      fix: (found) => `write \`/${/^[\w./-]+$/.test(String(found)) ? String(found) : 'ping'}\``,
    })
    .prefault('/ping')
    .describe(
      'LOAD_BALANCER: what a worker is asked for to see whether it is ready (200) or still starts (204).',
    ),
  healthCheckInterval: duration(
    { min: '100ms', max: '5m' },
    '3s',
    'LOAD_BALANCER: how often a ready worker is asked.',
  ),
  separateHealthPort: z
    .boolean()
    .register(hints, { expected: '`true` or `false`', fix: () => 'write `true` or `false`' })
    .prefault(false)
    .describe('LOAD_BALANCER: health checks go to a port of their own (PORT_HEALTH) instead of PORT.'),
  waitTimeout: duration(
    { min: '0s', max: '1h' },
    '2m',
    'LOAD_BALANCER: how long a request waits for a worker with room.',
  ),
  requestTimeout: duration(
    { min: '100ms', max: '24h' },
    '330s',
    'LOAD_BALANCER: how long a worker may take for one request, its answer included. WebSockets have no limit.',
  ),
  payloadLimit: z
    .string()
    .regex(SIZE_PATTERN, { abort: true })
    .transform((text) => parseSize(text) ?? Number.NaN)
    .refine((bytes) => bytes >= 1)
    .register(hints, {
      expected: 'a size such as `30m`',
      fix: (found) => (/^\d+$/.test(String(found)) ? `write \`${String(found)}m\`` : 'write `30m`'),
    })
    .prefault('30m')
    .describe('LOAD_BALANCER: largest body of a request and of an answer.'),
} as const;

type Parsed = z.output<z.ZodObject<typeof loadBalancingFields>>;

/** The settings of a load-balancing endpoint; none for one with a queue. */
export function toLoadBalancing(parsed: Parsed): { loadBalancing?: LoadBalancing } {
  if (parsed.type !== 'LOAD_BALANCER') return {};
  return {
    loadBalancing: {
      ...(parsed.host === undefined ? {} : { host: parsed.host }),
      healthCheckPath: parsed.healthCheckPath,
      healthCheckIntervalMs: parsed.healthCheckInterval,
      hasHealthPort: parsed.separateHealthPort,
      waitTimeoutMs: parsed.waitTimeout,
      requestTimeoutMs: parsed.requestTimeout,
      payloadLimitBytes: parsed.payloadLimit,
    },
  };
}
