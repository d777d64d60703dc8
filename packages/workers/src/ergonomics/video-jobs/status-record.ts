import { z } from 'zod';
import type { ProcessSettings } from './video-input.ts';

/**
 * The life of a video job as its status file tells it: accepted → processing → completed, failed or cancelled. Who may
 * write: the start writes `accepted`; the attempt that began last (`writer`) its progress and its end; anybody who finds
 * the job's end elsewhere (a lost worker, a cancelled job) writes that end. A final state stays, but for a new start, which
 * is another `run`.
 */
const FINAL_STATES = ['completed', 'failed', 'cancelled'] as const;
const STATES = ['accepted', 'processing', ...FINAL_STATES] as const;
export type VideoJobState = (typeof STATES)[number];

const resultFile = z.object({ kind: z.string(), name: z.string(), key: z.string(), size_bytes: z.number() });
export type ResultEntry = z.infer<typeof resultFile>;

const usedModel = z.object({ role: z.string(), id: z.string(), demo: z.boolean() });

const segments = z.object({ done: z.int(), total: z.int() });

export const statusRecordSchema = z.object({
  job_id: z.string(),
  status: z.enum(STATES),
  progress: z.number(),
  created_at: z.string(),
  updated_at: z.string(),
  result_key: z.string().optional(),
  error: z.string().optional(),
  results: z.array(resultFile).optional(),
  stage: z.string().optional(),
  segments: segments.optional(),
  warnings: z.array(z.string()).optional(),
  models: z.array(usedModel).optional(),
  video: z.object({ key: z.string(), etag: z.string(), size_bytes: z.number(), name: z.string() }),
  settings: z.custom<ProcessSettings>((value) => typeof value === 'object' && value !== null),
  /** Counts the starts. */
  run: z.int(),
  /** Whoever processes this run shows it. */
  token: z.string(),
  /** The attempt that may write. */
  writer: z.string().optional(),
  process_job_id: z.string().optional(),
  /** Whose video it is. */
  owner: z.string().optional(),
  /** The job that started this run. */
  started_by: z.string(),
});
export type StatusRecord = z.infer<typeof statusRecordSchema>;

export interface Progress {
  readonly progress: number;
  readonly stage: string;
  readonly segments?: { readonly done: number; readonly total: number } | undefined;
}

export type StatusEvent =
  /** The processing job was submitted under this id. */
  | { readonly type: 'submitted'; readonly token: string; readonly processJobId: string }
  /** An attempt takes over: those before it may write no more. */
  | {
      readonly type: 'begun';
      readonly token: string;
      readonly writer: string;
      readonly processJobId?: string | undefined;
    }
  | ({ readonly type: 'progressed'; readonly writer: string } & Progress)
  | {
      readonly type: 'completed';
      readonly writer: string;
      readonly results: readonly ResultEntry[];
      readonly resultKey: string;
      readonly warnings: readonly string[];
      readonly models: readonly z.infer<typeof usedModel>[];
    }
  /** By its writer, or of the run by somebody who knows that it has none any more. */
  | { readonly type: 'failed'; readonly error: string; readonly writer?: string; readonly run?: number }
  | { readonly type: 'cancelled'; readonly run: number }
  | { readonly type: 'restarted'; readonly token: string; readonly startedBy: string };

export const isFinalState = (state: VideoJobState): boolean =>
  (FINAL_STATES as readonly string[]).includes(state);

/** The record after the event; undefined where the event may change nothing. */
export function decideStatus(
  record: StatusRecord,
  event: StatusEvent,
  nowText: string,
): StatusRecord | undefined {
  const next = changeOf(record, event);
  return next && { ...next, updated_at: nowText };
}

function changeOf(record: StatusRecord, event: StatusEvent): StatusRecord | undefined {
  const isOver = isFinalState(record.status);
  if (event.type === 'restarted') return isOver ? restarted(record, event) : undefined;
  if (isOver) return undefined;
  switch (event.type) {
    case 'submitted':
      return event.token === record.token ? { ...record, process_job_id: event.processJobId } : undefined;
    case 'begun': {
      if (event.token !== record.token) return undefined;
      const processJobId = record.process_job_id ?? event.processJobId;
      return {
        ...{ ...record, status: 'processing', writer: event.writer, progress: Math.max(record.progress, 5) },
        ...(processJobId === undefined ? {} : { process_job_id: processJobId }),
      };
    }
    case 'progressed': {
      if (event.writer !== record.writer) return undefined;
      const { progress, stage, segments: done } = event;
      // An attempt that does again what was not kept doesn't run backwards for those who watch.
      return {
        ...{ ...record, progress: Math.max(record.progress, progress), stage },
        ...(done === undefined ? {} : { segments: done }),
      };
    }
    case 'completed': {
      if (event.writer !== record.writer) return undefined;
      const { results, resultKey, warnings, models } = event;
      return ended(record, {
        ...{ status: 'completed', progress: 100, result_key: resultKey },
        ...{ results: [...results], warnings: [...warnings], models: [...models] },
        // How far its last attempt had told to be: a job that is done has done them all.
        ...(record.segments && { segments: { ...record.segments, done: record.segments.total } }),
      });
    }
    case 'failed': {
      const mayWrite = event.writer === undefined ? event.run === record.run : event.writer === record.writer;
      return mayWrite ? ended(record, { status: 'failed', error: event.error }) : undefined;
    }
    case 'cancelled':
      return event.run === record.run
        ? ended(record, { status: 'cancelled', error: 'The processing was cancelled.' })
        : undefined;
  }
}

function ended(record: StatusRecord, end: Partial<StatusRecord>): StatusRecord {
  const { stage: _stage, ...rest } = record;
  return { ...rest, ...end };
}

function restarted(record: StatusRecord, event: Extract<StatusEvent, { type: 'restarted' }>): StatusRecord {
  const { job_id, created_at, updated_at, video, owner, settings, run } = record;
  return {
    ...{ job_id, created_at, updated_at, video, settings, status: 'accepted', progress: 0 },
    ...{ run: run + 1, token: event.token, started_by: event.startedBy },
    ...(owner === undefined ? {} : { owner }),
  };
}
