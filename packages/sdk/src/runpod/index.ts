export type {
  CpuSelection,
  CreateEndpoint,
  CreatePod,
  CreateVolume,
  EndpointScaling,
  FlashBoot,
  GpuSelection,
  PodLogLine,
  PodStatus,
  RunpodEndpoint,
  RunpodGpuType,
  RunpodPod,
  RunpodVolume,
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
