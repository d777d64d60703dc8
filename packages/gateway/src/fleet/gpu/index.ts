/** Graphics cards of a machine without a gateway, for the command line. */
export { inspectGpus } from './inspect-gpus.ts';
