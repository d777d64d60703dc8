import type { GatewayConfig } from '@spillway/gateway';

type Endpoint = Pick<GatewayConfig['endpoints'][number], 'name' | 'loadBalancing' | 'worker' | 'env'>;

/** Inputs by which built-in workers can be tried out, as `spillway run` takes them. */
export type Examples = Readonly<Record<string, { readonly example: string }>>;

/** What to type first, of the first endpoint that takes jobs; undefined where none does. */
export function tryCommand(endpoints: readonly Endpoint[], examples: Examples): string | undefined {
  const first = endpoints.find(({ loadBalancing }) => loadBalancing === undefined);
  if (first === undefined) return undefined;
  const { name, worker, env } = first;
  // Its jobs must be signed, which `run` can't do and the smoke test does.
  if (worker === 'clip' && env.EMBEDDING_AUTH !== 'off') return `spillway smoke ${name}`;
  const example = worker === undefined ? undefined : examples[worker]?.example;
  return `spillway run ${name} ${example ?? `'{"prompt":"…"}'`}`;
}
