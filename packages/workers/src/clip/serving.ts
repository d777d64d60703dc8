import { createAddressRules, type DownloadOptions } from '@spillway/sdk/net';
import { createReplayGuard, createVerifier, readSecrets, type Verifier } from '@spillway/sdk/signing';
import type { Handler } from '@spillway/sdk/worker';
import type { Model } from '../engines/models.ts';
import type { PodRoute } from '../pod/pod-route.ts';
import type { WorkerContext } from '../worker-instance.ts';
import { createClipService, createDownload } from './clip-service.ts';
import type { Embedder } from './embedder.ts';
import { createClipHandler } from './handler.ts';
import { nameOfModel } from './model-choice.ts';
import { clipRoutes } from './routes.ts';
import type { ClipSettings } from './settings.ts';

/** What answers, as opposed to what computes: signatures, downloads, the contract. Loaded while the models are. */
export interface ServingOptions {
  readonly settings: ClipSettings;
  readonly env: WorkerContext['env'];
  readonly model: Model;
  readonly embedder: Embedder;
  /** Numbers of a vector, where the model says so by itself. */
  readonly dim: number | undefined;
  /** How names in URLs are resolved; for tests. */
  readonly lookup: DownloadOptions['lookup'];
}

/** Both faces of the worker: jobs and HTTP. */
export interface Serving {
  readonly handler: Handler;
  readonly routes: readonly PodRoute[];
}

export function createServing({ settings, env, model, embedder, dim, lookup }: ServingOptions): Serving {
  const now = () => performance.now();
  const download = createDownload({
    ...settings.download,
    rules: createAddressRules(settings.allowPrivateUrls),
    ...(lookup ? { lookup } : {}),
  });
  const service = createClipService({ embedder, name: nameOfModel(model), dim, download, now });
  const face = { service, verifier: verifierOf(settings, env), now };
  return { handler: createClipHandler(face), routes: clipRoutes(face) };
}

function verifierOf(settings: ClipSettings, env: WorkerContext['env']): Verifier | undefined {
  if (settings.isOpen) return undefined;
  const now = () => Date.now();
  const { windowSeconds } = settings;
  return createVerifier({
    secrets: readSecrets(env),
    windowSeconds,
    now,
    replays: createReplayGuard({ now }),
  });
}
