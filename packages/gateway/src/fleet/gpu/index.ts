/** Graphics cards of a machine without a gateway, and RunPod's pools of them, for the command line. */
export { endpointNeed } from './endpoint-need.ts';
export { inspectGpus } from './inspect-gpus.ts';
export { fittingPools, type RunPodPool } from './runpod-pools.ts';
