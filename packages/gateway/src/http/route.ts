import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WaitReason } from '@spillway/protocol';
import type { Clock } from '@spillway/sdk/clock';
import type { Artifacts } from '../artifacts/artifacts.ts';
import type { WorkerFiles } from '../artifacts/worker-files.ts';
import type { Batches } from '../batches/batches.ts';
import type { RateLimited } from '../config/rate-limits.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { GatewayError } from '../errors.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { GpuPlacer } from '../fleet/gpu/gpu-placer.ts';
import type { Dispatcher } from '../jobs/dispatcher.ts';
import type { JobEngine } from '../jobs/engine.ts';
import type { JobSummary } from '../jobs/job-store.ts';
import type { JobWaiters } from '../jobs/job-waiters.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { StopRequests } from '../jobs/stop-requests.ts';
import type { StrayAttempts } from '../jobs/stray-attempts.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { UploadTokens } from '../keys/upload-tokens.ts';
import type { HangUp } from '../lib/hang-up.ts';
import type { Spool } from '../lib/spool.ts';
import type { LoadBalancer } from '../load-balancing/load-balancer.ts';
import type { SpillRouter } from '../remote/spill-router.ts';
import type { DeliveryStore } from '../results/delivery.ts';
import type { JobSignatures } from '../signatures/job-signatures.ts';
import type { UsageViews } from '../usage/usage-views.ts';
import { type Caller, maySee } from './auth.ts';
import type { CallLog } from './lazy-log.ts';
import type { Reference } from './openapi/reference.ts';
import type { DocumentedRoute } from './openapi/route-doc.ts';

/** What routes work with; wired by the composition root. */
export interface RouteParts {
  readonly endpoints: EndpointDirectory;
  readonly queue: JobQueue;
  /** Absent where no endpoint signs. */
  readonly signatures?: JobSignatures | undefined;
  readonly dispatcher: Dispatcher;
  readonly waiters: JobWaiters;
  readonly stops: StopRequests;
  readonly strays: StrayAttempts;
  readonly forgetSoon: JobEngine['forgetSoon'];
  readonly fleet: Fleet;
  readonly placer: GpuPlacer;
  readonly spill: Pick<SpillRouter, 'obstacle' | 'attempts' | 'isHookCode' | 'noteHook' | 'log'>;
  readonly usage: UsageViews;
  readonly keys: KeyStore;
  readonly uploadTokens: UploadTokens;
  readonly batches: Batches;
  readonly artifacts: Artifacts;
  readonly workerFiles: WorkerFiles;
  /** Where large reports of workers are gathered; absent: in memory. */
  readonly spool?: Spool;
  /** Address under which others reach the gateway, where the configuration says one. */
  readonly publicUrl?: string | undefined;
  readonly deliveries: DeliveryStore;
  /** A webhook is to be tried now. */
  pokeWebhooks(): void;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** How long job-take and job-stop are held at most. */
  readonly workerHoldMs: number;
  readonly loadBalancer: LoadBalancer;
  /** What `/v1/events` tells. */
  readonly events: EventLog;
  /** Aborts when the server closes: streams that would never end do. */
  readonly stopping: AbortSignal;
  /** What `/openapi.json` and `/docs` show. */
  readonly reference: Reference;
  /** What `/metrics` answers. */
  metricsText(): Promise<string>;
  isStopping(): boolean;
  /** Why a queued job still waits; `brief` leaves out its place in the queue, which has to be counted. */
  waitReason(job: JobSummary, detail?: 'brief'): Promise<WaitReason | undefined>;
}

/** One call of a route, already authenticated. */
export interface Call {
  readonly parts: RouteParts;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Body as text; empty when there was none. Whatever its content type: workers send JSON as a form. */
  readonly body: string;
  /** What is large is not kept while the call waits for something else. */
  dropBody(): void;
  /** Aborts when the client hangs up. */
  readonly signal: AbortSignal;
  /** The same, lighter. */
  readonly hangUp: HangUp;
  /** Names the request in each line. */
  readonly log: CallLog;
  readonly reply: Reply;
}

/** The answer of a call, for routes whose answer is not just JSON with a 200. */
export interface Reply {
  readonly request: IncomingMessage;
  readonly raw: ServerResponse;
  readonly statusCode: number;
  /** Whether it went out, or goes out by the route's own hand. */
  readonly sent: boolean;
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  headers(headers: Readonly<Record<string, string>>): Reply;
  type(mediaType: string): Reply;
  /** What was set so far. */
  getHeaders(): Readonly<Record<string, string>>;
  /** The route answers by `raw` itself, headers included. */
  hijack(): Reply;
  send(text?: string): void;
}

/** A string is JSON already, anything else is written as JSON, undefined answers 204. */
export type Answer = string | object | undefined;

/** One row of the route table. */
export interface Route extends DocumentedRoute {
  readonly bodyLimitBytes?: number;
  /** Takes the place of `handle` for bodies over a MiB, and of unknown length, which it reads itself as they come. */
  handleLarge?(call: Call): Promise<Answer>;
  /** The route reads the body itself from `reply.request`, as it comes. */
  readonly isStreamed?: true;
  /** Whose limit it counts for (default: `other`). Routes without a key, and keys of workers and admins, have none. */
  readonly limitedAs?: RateLimited;
  /** Also for endpoints whose workers serve HTTP themselves; the other rows of `/v2` are not. */
  readonly isForBothTypes?: true;
  handle(call: Call): Promise<Answer> | Answer;
  /** Answers in place of the error when the body is over the limit; the call has no body then. */
  onBodyTooLarge?(call: Call): Promise<Answer>;
}

/** The endpoint that the path names. Throws ENDPOINT_NOT_FOUND. */
export function endpointOf({ parts, params }: Call): Endpoint {
  const endpoint = parts.endpoints.get(params.endpoint ?? '');
  if (!endpoint) throw new GatewayError('ENDPOINT_NOT_FOUND', 'endpoint not found');
  return endpoint;
}

/** An endpoint that the body or the query names. Throws ENDPOINT_NOT_FOUND, also when the key is not for it. */
export function endpointNamed({ parts, caller }: Call, name: string): Endpoint {
  const endpoint = parts.endpoints.get(name);
  if (!endpoint || !maySee(caller, name)) throw new GatewayError('ENDPOINT_NOT_FOUND', 'endpoint not found');
  return endpoint;
}

/** Throws SHUTTING_DOWN once no further job is accepted. */
export function refuseIfStopping(parts: RouteParts): void {
  if (!parts.isStopping()) return;
  throw new GatewayError(
    'SHUTTING_DOWN',
    'the gateway is shutting down and takes no further jobs; try again soon',
  );
}

/** A query of milliseconds, not negative; undefined where it is absent. Throws INPUT_INVALID when it is none. */
export function millisecondsOf(call: Call, name: string): number | undefined {
  const text = call.query[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return Math.round(value);
  throw new GatewayError('INPUT_INVALID', `bad request: ${name}: expected milliseconds, got "${text}"`);
}

/** `?wait=` in milliseconds, clamped to the route's bounds as RunPod does. Throws INPUT_INVALID when not a number. */
export function waitOf(call: Call, limits: { min: number; max: number; default: number }): number {
  const text = call.query.wait;
  if (text === undefined || text === '') return limits.default;
  const wait = Number(text);
  if (!Number.isFinite(wait)) {
    throw new GatewayError('INPUT_INVALID', `bad request: wait: expected milliseconds, got "${text}"`);
  }
  return Math.min(limits.max, Math.max(limits.min, Math.round(wait)));
}
