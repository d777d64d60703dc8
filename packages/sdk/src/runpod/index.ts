export type {
  CpuSelection,
  CreateEndpoint,
  CreatePod,
  CreateVolume,
  EndpointScaling,
  FlashBoot,
  GpuSelection,
  PodStatus,
  RunpodEndpoint,
  RunpodGpuType,
  RunpodLogLine,
  RunpodPod,
  RunpodVolume,
  RunpodWorker,
  ServerlessBillRecord,
  UpdateEndpoint,
  VolumeBillRecord,
  WorkerLimits,
} from './resources.ts';
export {
  createRunpodClient,
  RUNPOD_API_URL,
  type RunpodClient,
  type RunpodClientOptions,
} from './runpod-client.ts';
export { RunpodError, type RunpodErrorCode } from './runpod-error.ts';
