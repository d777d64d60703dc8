import { type Clock, createSystemClock } from '../clock/clock.ts';
import { fetchSoundly } from '../net/fetch-soundly.ts';
import { type Call, type Caller, createCaller } from './call.ts';
import type {
  CreateEndpoint,
  CreatePod,
  CreateVolume,
  RunpodEndpoint,
  RunpodGpuType,
  RunpodLogLine,
  RunpodPod,
  RunpodVolume,
  RunpodWorker,
  ServerlessBillRecord,
  UpdateEndpoint,
  VolumeBillRecord,
} from './resources.ts';
import { RunpodError } from './runpod-error.ts';
import { streamLog } from './stream-log.ts';

export const RUNPOD_API_URL = 'https://api.runpod.io';

export interface RunpodClientOptions {
  /** A key of the account that may write. */
  readonly apiKey: string;
  /** Address of the management API without its `/v2`; RunPod's own by default. */
  readonly baseUrl?: string;
  readonly clock?: Clock;
  /** In [0, 1), for the jitter of repeats. */
  readonly random?: () => number;
  readonly fetch?: typeof fetch;
  /** Told before each wait for a limit of the rate or a fault. */
  readonly onWait?: (reason: string, ms: number) => void;
}

export type RunpodClient = ReturnType<typeof createRunpodClient>;

/**
 * RunPod's management API v2: endpoints, network volumes, pods, the catalogue of cards. All calls throw `RunpodError`;
 * throttled ones are repeated with back-off before that, and none logs the key.
 *
 * @example
 * const runpod = createRunpodClient({ apiKey: process.env.RUNPOD_API_KEY });
 * for (const { id, name } of await runpod.endpoints.list()) console.log(id, name);
 */
export function createRunpodClient(options: RunpodClientOptions) {
  const { apiKey, baseUrl = RUNPOD_API_URL, clock = createSystemClock(), random = Math.random } = options;
  const send = options.fetch ?? fetch;
  const root = `${baseUrl.replace(/\/+$/, '').replace(/\/v2$/, '')}/v2`;
  const { onWait } = options;
  const call = createCaller({ apiKey, root, clock, random, fetch: send, ...(onWait ? { onWait } : {}) });
  const streaming = { apiKey, clock, random, fetch: options.fetch ?? fetchSoundly };
  const { ask, list } = readingAnswers(call);

  return {
    /** Serverless endpoints, each with the template that is bound to it. */
    endpoints: {
      list: () => list<RunpodEndpoint>('/serverless', 'endpoints', 'list the endpoints'),
      get: (id: string) => ask<RunpodEndpoint>('GET', one('serverless', id), `read endpoint ${id}`),
      create: (body: CreateEndpoint) =>
        ask<RunpodEndpoint>('POST', '/serverless', `create endpoint ${body.name}`, { body }),
      update: (id: string, body: UpdateEndpoint) =>
        ask<RunpodEndpoint>('PATCH', one('serverless', id), `change endpoint ${id}`, { body }),
      /** Ends its workers and cancels its jobs. An endpoint that is gone already is no error. */
      remove: (id: string) => gone(ask('DELETE', one('serverless', id), `delete endpoint ${id}`)),
      ...createWorkerCalls(list, (path, more) => streamLog({ ...streaming, url: `${root}${path}`, ...more })),
    },
    volumes: {
      list: (signal?: AbortSignal) =>
        list<RunpodVolume>('/network-volumes', 'networkVolumes', 'list the network volumes', signal),
      create: (body: CreateVolume) =>
        ask<RunpodVolume>('POST', '/network-volumes', `create volume ${body.name}`, { body }),
      /** Volumes only grow. */
      resize: (id: string, size: number) =>
        ask<RunpodVolume>('PATCH', one('network-volumes', id), `enlarge volume ${id}`, { body: { size } }),
      remove: (id: string) => gone(ask('DELETE', one('network-volumes', id), `delete volume ${id}`)),
    },
    pods: {
      list: () => list<RunpodPod>('/pods', 'pods', 'list the pods'),
      get: (id: string, signal?: AbortSignal) =>
        ask<RunpodPod>('GET', one('pods', id), `read pod ${id}`, { signal }),
      create: (body: CreatePod) => ask<RunpodPod>('POST', '/pods', `create pod ${body.name}`, { body }),
      /** For good, with its own disk. A pod that is gone already is no error. */
      remove: (id: string) => gone(ask('DELETE', one('pods', id), `terminate pod ${id}`)),
      /** Lines as they come, from the beginning; goes on over broken connections until `signal` aborts. */
      log: (id: string, signal: AbortSignal): AsyncIterable<RunpodLogLine> => {
        return streamLog({ ...streaming, url: `${root}${one('pods', id)}/logs`, signal });
      },
    },
    billing: {
      /** Of all serverless endpoints of the account, by the hour; times are epoch ms, `until` is not included. */
      serverless: (from: number, until: number, signal?: AbortSignal) => {
        const path = `/billing/serverless?${hours(from, until)}`;
        const what = 'read the bill of the serverless endpoints';
        return list<ServerlessBillRecord>(path, 'records', what, signal);
      },
      /** Of all network volumes of the account, by the hour. */
      volumes: (from: number, until: number, signal?: AbortSignal) => {
        const path = `/billing/network-volumes?${hours(from, until)}`;
        return list<VolumeBillRecord>(path, 'records', 'read the bill of the network volumes', signal);
      },
    },
    /** Cards and their list prices; with a product also how many are free for it. */
    gpus: (product?: 'SERVERLESS' | 'POD', signal?: AbortSignal) => {
      const path = `/catalog/gpus${product ? `?include=AVAILABILITY&product=${product}` : ''}`;
      return list<RunpodGpuType>(path, 'gpus', "read RunPod's catalogue of cards", signal);
    },
  };
}

/** Calls whose answers are looked at before anybody relies on them. */
function readingAnswers(call: Caller) {
  const ask = async <T>(
    method: Call['method'],
    path: string,
    what: string,
    more: Pick<Call, 'body' | 'signal'> = {},
  ): Promise<T> => {
    const answer = await call({ method, path, what, ...more });
    if (method === 'DELETE' || isResource(answer)) return answer as T;
    const message = `${what}: RunPod's answer tells no id of it`;
    throw new RunpodError({ code: 'BAD_REPLY', status: 200, message, mayHaveArrived: true });
  };

  async function list<T>(
    path: string,
    key: string,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly T[]> {
    const items = (Object(await call({ method: 'GET', path, what, signal })) as Record<string, unknown>)[key];
    const isRight = Array.isArray(items) && (READ_ROW_BY_ROW.includes(key) || items.every(isResource));
    if (isRight) return items as T[];
    const message = `${what}: RunPod's answer has no ${key}${Array.isArray(items) ? ' with ids' : ''}`;
    throw new RunpodError({ code: 'BAD_REPLY', status: 200, message });
  }
  return { ask, list };
}

/** All that is relied on: what else is missing shows where it is used. */
const isResource = (value: unknown) => typeof (Object(value) as { id?: unknown }).id === 'string';

/** Lists whose readers pass over what they don't understand. */
const READ_ROW_BY_ROW: readonly string[] = ['records', 'gpus'];

const one = (kind: string, id: string) => `/${kind}/${encodeURIComponent(id)}`;

/** Of an endpoint's workers. */
function createWorkerCalls(
  list: <T>(path: string, key: string, what: string, signal?: AbortSignal) => Promise<readonly T[]>,
  stream: (path: string, more: { tail: number; signal: AbortSignal }) => AsyncIterable<RunpodLogLine>,
) {
  return {
    workers: (id: string, signal?: AbortSignal) => {
      const what = `list the workers of endpoint ${id}`;
      return list<RunpodWorker>(`${one('serverless', id)}/workers`, 'workers', what, signal);
    },
    /** What a worker prints, as it comes, from its last `tail` lines (at most 5000) on; until `signal` aborts. */
    workerLog: (id: string, workerId: string, from: { tail: number; signal: AbortSignal }) =>
      stream(`${one('serverless', id)}${one('workers', workerId)}/logs`, from),
  };
}

function hours(from: number, until: number): URLSearchParams {
  const times = { startTime: new Date(from).toISOString(), endTime: new Date(until).toISOString() };
  return new URLSearchParams({ ...times, bucketSize: 'hour' });
}

async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof RunpodError && error.code === 'NOT_FOUND')) throw error;
  }
}
