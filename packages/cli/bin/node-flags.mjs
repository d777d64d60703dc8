/**
 * What Node is told where it runs a gateway, for memory. What a request leaves behind is dead when the young generation
 * has filled up once; one of 16 instead of 32 MB saves memory, and time too, since it fits the processor's cache better.
 * Of the old generation hardly anything is garbage for long; letting it grow by 110 % of what lives before it is collected
 * costs nothing that could be measured beside 200 %, and saves 25 MB. What little survives in the young generation is
 * copied sooner by one thread than it is shared out among four (4 % of the jobs).
 * Jobs live for some milliseconds, so some are alive at each collection; V8 then comes to make them in the old generation
 * at once, where the dead ones keep all that they name (requests, bodies) until a full collection: 5 % of the jobs.
 */
export const GATEWAY_NODE_FLAGS = [
  '--max-semi-space-size=16',
  '--heap-growing-percent=110',
  '--no-parallel-scavenge',
  '--no-allocation-site-pretenuring',
];
