export type { TakenJob } from '@spillway/protocol';
export type { StopSignal, WorkerHost } from './host.ts';
export type { Handler, JobContext } from './job-context.ts';
export { JobError, type JobErrorOptions } from './job-error.ts';
export type { Logger } from './log.ts';
export type { Concurrency } from './poll-loop.ts';
export { type StartWorkerParts, startWorker } from './start-worker.ts';
export { type HandlerRun, type RunHandlerOptions, runHandler } from './test-env.ts';
export type { WorkerOptions } from './worker-options.ts';
