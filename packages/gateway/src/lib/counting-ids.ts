import type { Ids } from './ids.ts';

/** Ids that count: `id-1`, `id-2`, … For tests. */
export function createCountingIds(): Ids {
  let count = 0;
  const next = () => {
    count += 1;
    return count;
  };
  return {
    uuid: () => `id-${next()}`,
    short: (length) => `s${next()}`.padEnd(length, 'x'),
    secret: () => `secret-${next()}-0123456789`,
  };
}
