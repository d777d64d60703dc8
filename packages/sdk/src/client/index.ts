export type { HealthReply, JobReply, JobStatus } from '@spillway/protocol';
export type {
  ArtifactCreate,
  ArtifactPage,
  ArtifactView,
  GatewayEvent,
  GpusView,
  JobDetail,
  JobPage,
  JobSelection,
  JobSubmit,
  JobSubmitted,
  JobView,
  SignedUrl,
  StorageView,
  UploadTokenCreate,
  UploadTokenCreated,
  UploadTokenView,
} from '@spillway/protocol/v1';
export { ApiError } from './api-error.ts';
export type {
  ArtifactQuery,
  ArtifactsClient,
  UploadOptions,
  UploadProgress,
} from './artifacts-client.ts';
export {
  type Client,
  type ClientOptions,
  createClient,
  type EndpointClient,
  type SubmitOptions,
} from './client.ts';
export type { EventOptions } from './event-stream.ts';
export type {
  JobFilter,
  JobsClient,
  SubmitOnceOptions,
} from './jobs-client.ts';
export type { StreamOptions } from './stream-job.ts';
export type { UploadSource } from './upload-source.ts';
export type { WaitOptions } from './wait-for-job.ts';
