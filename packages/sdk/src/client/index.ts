export type { HealthReply, JobReply, JobStatus } from '@spillway/protocol';
export { ApiError } from './api-error.ts';
export {
  type Client,
  type ClientOptions,
  createClient,
  type EndpointClient,
  type SubmitOptions,
} from './client.ts';
export type { StreamOptions } from './stream-job.ts';
export type { WaitOptions } from './wait-for-job.ts';
