import type { Handler } from '@spillway/sdk/worker';
import type { EngineReport } from './engines/engine-report.ts';
import type { ModelInfo } from './engines/model-info.ts';
import type { PodRoute } from './pod/pod-route.ts';

/** What a worker is started with. */
export interface WorkerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For what works but is likely not meant. */
  warn(message: string): void;
}

/** What a worker tells of itself: which models it runs, on what. No secrets. */
export interface WorkerInfo {
  readonly worker: string;
  readonly models: readonly ModelInfo[];
  readonly engine: EngineReport;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A worker that is ready for jobs. */
export interface WorkerInstance {
  readonly handler: Handler;
  /** Jobs it runs at once. */
  readonly concurrency: number;
  info(): WorkerInfo;
  /** Of its own HTTP face, besides those that every worker has. */
  readonly routes?: readonly PodRoute[];
  /** Frees its threads and models; calling it again does nothing. */
  stop(): Promise<void>;
}
