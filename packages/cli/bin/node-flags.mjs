/**
 * What Node is told where it runs a gateway, for memory. What a request leaves behind is dead when the young generation
 * has filled up once; one of 16 instead of 32 MB saves 90 MB, and time too, since it fits the processor's cache better.
 * Of the old generation hardly anything is garbage for long; letting it treble instead of quadruple before it is collected
 * saves 40 MB and costs nothing that could be measured; letting it double costs 8 % of the jobs. What little survives in
 * the young generation is copied sooner by one thread than it is shared out among four, which costs 4 % of the jobs.
 */
export const GATEWAY_NODE_FLAGS = [
  '--max-semi-space-size=16',
  '--heap-growing-percent=200',
  '--no-parallel-scavenge',
];
