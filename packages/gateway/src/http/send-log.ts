import { GatewayError } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { WorkerLog } from '../fleet/worker-log.ts';
import type { RemoteLog } from '../remote/remote-log.ts';
import type { RemoteWorkerLog } from '../remote/spill-options.ts';
import type { EndpointLog } from '../remote/spill-router.ts';
import type { Call } from './route.ts';

/**
 * Logs as callers get them: the last lines, and with `follow=true` those to come, of one worker or of whatever works for
 * an endpoint, workers that start meanwhile too. As text, where a remark says when another worker's lines begin, or with
 * `format=json` as one `{"workerId","line"}` a line.
 */
export interface LogLine {
  readonly workerId: string;
  readonly line: string;
}

export interface LineSource {
  tail(count: number): readonly LogLine[];
  /** The last lines where they are elsewhere; who follows gets them by `follow`, so that none is lost and none comes twice. */
  fetchTail?(count: number, signal: AbortSignal): Promise<readonly LogLine[]>;
  /** Lines to come, behind the last `tail` ones where those are elsewhere. */
  follow(listener: (line: LogLine) => void, tail: number): () => void;
  /** Absent: only the caller ends it. */
  readonly ended?: Promise<unknown>;
}

const DEFAULT_TAIL = 200;
/** Of a worker that started meanwhile, what it printed before anybody knew. */
const FIRST_LINES = 200;

export function ofWorker(workerId: string, log: WorkerLog): LineSource {
  return {
    tail: (count) => log.tail(count).map((line) => ({ workerId, line })),
    follow: (listener) => log.follow((line) => listener({ workerId, line })),
    ended: log.ended,
  };
}

export function ofRemote(log: RemoteLog, workerId?: string): LineSource {
  return {
    tail: (count) => log.tail(count, workerId),
    follow: (listener) => log.follow(listener, workerId),
  };
}

/** Of an endpoint's jobs at RunPod, and of its workers there. */
export function ofRunpod({ log, workers }: EndpointLog): readonly LineSource[] {
  return [ofRemote(log), ...(workers ? [ofWorkersThere(workers)] : [])];
}

function ofWorkersThere({ tail, follow }: RemoteWorkerLog): LineSource {
  return { tail: () => [], fetchTail: tail, follow };
}

/** All workers of an endpoint that were started here; before they are followed, only the newest one tells. */
export function ofEndpoint(
  fleet: Pick<Fleet, 'workers' | 'newestWorker' | 'log' | 'openedLog' | 'onChange'>,
  endpoint: string,
): LineSource {
  return {
    tail(count) {
      const newest = fleet.newestWorker(endpoint);
      const log = newest === undefined ? undefined : fleet.log(newest);
      return newest !== undefined && log ? ofWorker(newest, log).tail(count) : [];
    },
    follow(listener) {
      const followed = new Map<string, () => void>();
      let isOver = false;
      async function take(workerId: string, isNew: boolean): Promise<void> {
        const log = await fleet.openedLog(workerId);
        if (!log || isOver) return;
        const source = ofWorker(workerId, log);
        if (isNew) for (const line of source.tail(FIRST_LINES)) listener(line);
        followed.set(workerId, source.follow(listener, 0));
      }
      const look = (isNew: boolean) => {
        for (const { id, backend, state } of fleet.workers(endpoint)) {
          if (backend === 'pool' || followed.has(id)) continue;
          followed.set(id, () => {});
          // One that had ended before has told all it had to.
          if (isNew || state !== 'stopped') void take(id, isNew);
        }
      };
      look(false);
      const unwatch = fleet.onChange((change) => {
        if (change.endpoint === endpoint) look(true);
      });
      return () => {
        isOver = true;
        unwatch();
        for (const unfollow of followed.values()) unfollow();
      };
    },
  };
}

/** Until the caller leaves or no source has any more. */
export async function sendLog(
  call: Call,
  { workerId, sources }: { readonly workerId?: string | undefined; readonly sources: readonly LineSource[] },
): Promise<undefined> {
  const { reply, query } = call;
  const tail = Number(query.tail ?? DEFAULT_TAIL);
  if (!Number.isInteger(tail) || tail < 0)
    throw new GatewayError('INPUT_INVALID', 'tail: expected a number of lines');
  if (query.format !== undefined && !['text', 'json'].includes(query.format))
    throw new GatewayError(
      'INPUT_INVALID',
      `format: expected \`text\` or \`json\`, found \`${query.format}\``,
    );
  const named = workerId === undefined ? {} : { 'x-spillway-worker': workerId };
  const show = query.format === 'json' ? showJson : createTextView(workerId);
  const type = query.format === 'json' ? 'application/x-ndjson' : 'text/plain; charset=utf-8';
  const text = sources
    .flatMap((source) => source.tail(tail))
    .map(show)
    .join('');
  if (query.follow !== 'true') {
    const more = await Promise.all(sources.map((source) => source.fetchTail?.(tail, call.signal) ?? []));
    await reply
      .headers(named)
      .type(type)
      .send(text + more.flat().map(show).join(''));
    return undefined;
  }
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': type, ...named });
  // Also where there is no line yet, so that the caller knows that it follows.
  reply.raw.flushHeaders();
  reply.raw.write(text);
  await new Promise<void>((resolve) => {
    const tell = (line: LogLine) => reply.raw.write(show(line));
    const unfollows = sources.map((source) => source.follow(tell, tail));
    const end = () => {
      for (const unfollow of unfollows) unfollow();
      reply.raw.end();
      resolve();
    };
    for (const signal of [call.signal, call.parts.stopping]) {
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
    }
    if (sources.every(({ ended }) => ended)) void Promise.all(sources.map(({ ended }) => ended)).then(end);
  });
  return undefined;
}

const showJson = (line: LogLine) => `${JSON.stringify(line)}\n`;

/** Lines on jobs at RunPod say whose they are. */
function createTextView(first: string | undefined): (line: LogLine) => string {
  let last = first;
  return ({ workerId, line }) => {
    const isOther = !line.startsWith('[runpod ') && workerId !== last;
    if (!isOther) return `${line}\n`;
    last = workerId;
    return `[spillway] worker ${workerId}\n${line}\n`;
  };
}
