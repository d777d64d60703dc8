import type { WaitParts } from './wait-for-job.ts';

/** What the parts of a client share. */
export interface ClientParts extends WaitParts {
  readonly random: () => number;
}
