import type { IncomingMessage, RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { createAnswers } from './answers.ts';
import type { Authenticate } from './auth.ts';
import { createBodyBudget } from './body-budget.ts';
import { createCors } from './cors.ts';
import { HttpCall } from './http-call.ts';
import { createLoadBalancedDoor } from './load-balanced.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type ArrivalLimit, arrivalLimit, refuseUnreadable, serverTiming } from './request-arrival.ts';
import { createNoteAnswer, createRequestIds, type OnAnswer } from './request-log.ts';
import type { Route, RouteParts } from './route.ts';
import { artifactDataRoutes } from './routes/artifact-data.ts';
import { artifactRoutes } from './routes/artifacts.ts';
import { batchRoutes } from './routes/batch.ts';
import { cancelRoutes } from './routes/cancel.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { embeddingsRoutes } from './routes/embeddings.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { eventRoutes } from './routes/events.ts';
import { followUpRoutes } from './routes/follow-ups.ts';
import { gpuRoutes } from './routes/gpus.ts';
import { healthRoutes } from './routes/health.ts';
import { jobOperationRoutes } from './routes/job-operations.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openAiRoutes } from './routes/openai.ts';
import { pageRoutes } from './routes/pages.ts';
import { poolRoutes } from './routes/pool.ts';
import { probeRoutes } from './routes/probes.ts';
import { queueOperationRoutes } from './routes/queue-operations.ts';
import { referenceRoutes } from './routes/reference.ts';
import { runRoutes } from './routes/run.ts';
import { runpodHookRoutes } from './routes/runpod-hooks.ts';
import { statusRoutes } from './routes/status.ts';
import { streamRoutes } from './routes/stream.ts';
import { uploadTokenRoutes } from './routes/upload-tokens.ts';
import { usageRoutes } from './routes/usage.ts';
import { workerFileRoutes } from './routes/worker-files.ts';
import { workerJobRoutes } from './routes/worker-jobs.ts';
import { workerRoutes } from './routes/workers.ts';
import { createHttpServer, type Listening } from './server.ts';

/** The whole HTTP face: a new operation is a new row. */
export const ROUTES: readonly Route[] = [
  ...probeRoutes,
  ...runRoutes,
  ...statusRoutes,
  ...streamRoutes,
  ...cancelRoutes,
  ...queueOperationRoutes,
  ...openAiRoutes,
  ...embeddingsRoutes,
  ...batchRoutes,
  ...healthRoutes,
  ...metricsRoutes,
  ...workerJobRoutes,
  ...runpodHookRoutes,
  ...jobRoutes,
  ...jobOperationRoutes,
  ...deliveryRoutes,
  ...endpointRoutes,
  ...workerRoutes,
  ...poolRoutes,
  ...gpuRoutes,
  ...usageRoutes,
  ...artifactRoutes,
  ...artifactDataRoutes,
  ...uploadTokenRoutes,
  ...workerFileRoutes,
  ...followUpRoutes,
  ...keyRoutes,
  ...eventRoutes,
  ...referenceRoutes,
  ...pageRoutes,
];

export interface AppOptions {
  readonly parts: RouteParts;
  readonly authenticate: Authenticate;
  readonly log: Logger;
  readonly limiter?: RateLimiter;
  /** How long a request may take to arrive (default: by the endpoints). */
  readonly arrival?: ArrivalLimit;
  /** Origins of pages that may call (default: none). */
  readonly corsOrigins?: readonly string[];
  /** Names requests. */
  readonly requestIds?: (request: IncomingMessage) => string;
  readonly onAnswer?: OnAnswer;
  /** Of large bodies that are in memory at a time. */
  readonly bodyBudgetBytes?: number;
  /** When it begins to close: streams that would never end do. */
  readonly onClose?: () => void;
}

/** The whole HTTP face, and the server that it is behind. */
export interface App extends Listening {
  /** For a server of another's. */
  readonly answer: RequestListener;
}

/** Builds the server; it does not listen yet. */
export function createApp(options: AppOptions): App {
  const { parts, authenticate, log, limiter, onAnswer, onClose } = options;
  const requestIds = options.requestIds ?? createRequestIds('request');
  const noteAnswer = createNoteAnswer(log, onAnswer);
  const door = createLoadBalancedDoor({
    ...{ ...parts, authenticate, log, limiter, onAnswer, noteAnswer, requestIds },
  });
  const answers = createAnswers({ rows: ROUTES, parts, authenticate, limiter, noteAnswer });
  const face = { parts, log, requestIds, bodies: createBodyBudget(parts.clock, options.bodyBudgetBytes) };
  const cors = createCors(options.corsOrigins ?? []);

  const answer: RequestListener = (request, response) => {
    const call = new HttpCall(face, request, response);
    if (door.isFor(request)) door.serve(call).catch((error: unknown) => answers.fail(call, error));
    else if (!cors?.(request, response)) answers.answer(call);
  };
  const listening = createHttpServer({
    ...serverTiming(options.arrival ?? arrivalLimit(parts.endpoints)),
    shouldUpgradeCallback: door.isUpgrade,
    onRequest: answer,
    onUnreadable: refuseUnreadable,
  });
  door.mount(listening.server);
  return {
    ...listening,
    answer,
    async close() {
      onClose?.();
      door.close();
      await listening.close();
    },
  };
}
