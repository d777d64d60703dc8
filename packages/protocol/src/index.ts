export type { ApiErrorBody } from './api-error.ts';
export { FAILURES, type FailureType, type JobFailure } from './failure.ts';
export type { HealthReply } from './health.ts';
export {
  FINAL_STATUSES,
  type FinalStatus,
  isFinal,
  JOB_STATUSES,
  type JobReply,
  type JobStatus,
  POLICY_LIMITS,
  RUN_BODY_LIMIT_BYTES,
  RUNSYNC_BODY_LIMIT_BYTES,
  type StreamReply,
  type SubmitBody,
  submitBodySchema,
  WAIT_LIMITS,
  type WaitReason,
} from './job.ts';
export { modelsCacheOf } from './models-cache.ts';
export {
  EMBEDDINGS_LIMITS,
  EMBEDDINGS_ROUTE,
  type EmbeddingsItem,
  type EmbeddingsReply,
  type EmbeddingsRequest,
  embeddingsItems,
  embeddingsReplySchema,
  embeddingsRequestSchema,
  type OpenAiErrorBody,
} from './openai-embeddings.ts';
export {
  API_PREFIX,
  clientPath,
  type HttpWorkerEnvironmentOptions,
  httpWorkerEnvironment,
  nativePath,
  WORKER_ENV,
  type WorkerEnvironmentOptions,
  workerEnvironment,
} from './paths.ts';
export {
  type JobDoneBody,
  jobDoneSchema,
  jobsToStopSchema,
  REPORTED_FAILURES,
  type TakenJob,
  WORKER_STATES,
  type WorkerState,
} from './worker.ts';
