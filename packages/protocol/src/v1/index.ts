export {
  drainingSchema,
  type EndpointChange,
  type EndpointSettings,
  type EndpointView,
  endpointChangeSchema,
  endpointListSchema,
  endpointViewSchema,
  SETTING_LIMITS,
} from './endpoint.ts';
export {
  type EndpointEvent,
  eventSchema,
  type GatewayEvent,
  type JobEvent,
  type ResetEvent,
  type WorkerEvent,
} from './event.ts';
export {
  type GpuCardView,
  type GpuNeedView,
  type GpuPoolView,
  type GpusView,
  gpuCardSchema,
  gpuNeedSchema,
  gpuPoolSchema,
  gpusSchema,
} from './gpu.ts';
export {
  type AttemptView,
  attemptViewSchema,
  cancelledSchema,
  JOB_LIMITS,
  type JobDetail,
  type JobPage,
  type JobSelection,
  type JobSubmit,
  type JobSubmitted,
  type JobView,
  jobDetailSchema,
  jobPageSchema,
  jobSelectionSchema,
  jobSubmitSchema,
  jobSubmittedSchema,
  jobViewSchema,
  retriedSchema,
} from './job.ts';
export {
  KEY_SCOPES,
  type KeyCreate,
  type KeyCreated,
  type KeyScope,
  type KeyView,
  keyCreatedSchema,
  keyCreateSchema,
  keyListSchema,
  keyViewSchema,
} from './key.ts';
export { isDayList, isTimeZone, TIME_OF_DAY, type WarmWindowView, warmWindowSchema } from './warm-window.ts';
export {
  type PoolWorkerCreated,
  poolWorkerCreatedSchema,
  poolWorkerCreateSchema,
  type WorkerView,
  workerListSchema,
  workerViewSchema,
} from './worker.ts';
