import type { Job } from '../job.ts';
import { decideTransition } from '../job-machine.ts';
import type { IdempotentSubmit, InsertResult, JobStore, UsedSignatures } from '../job-store.ts';
import type { CommitGroup } from './commit-group.ts';
import { countsOfMove } from './counters.ts';
import type { Draft } from './draft.ts';
import { insertWrite, isLong } from './job-row.ts';
import { createJobTakes, type JobTakes } from './job-takes.ts';
import type { Overlay } from './overlay.ts';
import { addCounts, findJob, type StoreParts, stage, writeTransition } from './store-parts.ts';
import type { DroppedJob } from './usage-writes.ts';
import { freeValue, giveValue } from './value-rows.ts';
import { DROPS_OF_A_JOB } from './writes.ts';

type Writes = Pick<
  JobStore,
  | 'insert'
  | 'coming'
  | 'apply'
  | 'take'
  | 'appendChunk'
  | 'drainChunks'
  | 'giveValue'
  | 'freeValues'
  | 'wakeDelayed'
  | 'remove'
  | 'removeEndedBefore'
>;

export function createJobWrites(parts: StoreParts, group: CommitGroup): Writes {
  const takes = createJobTakes(parts, group);
  return {
    insert(job, once, used) {
      // One that may be a repetition is not promised to anybody.
      let arrive = job.availableAt <= job.createdAt && !once ? takes.announce(job.endpoint) : undefined;
      return group.run((draft, overlay) => {
        arrive?.();
        arrive = undefined;
        const result = insertOne(parts, takes, draft, overlay, job, once);
        if (used !== undefined && result.type === 'inserted') useSignatures(draft, used);
        return result;
      });
    },
    coming: takes.coming,
    apply: (id, event, now) =>
      group.run((draft, overlay) => {
        draft.jobId = id;
        const stored = findJob(parts, overlay, id, 'forTransition');
        const transition = stored && decideTransition(stored.job, event, now);
        if (transition) writeTransition(parts, draft, stored, transition, now);
        return transition;
      }),
    take: takes.take,
    ...createChunkWrites(parts, group),
    ...createValueWrites(parts, group),
    wakeDelayed: (now) =>
      group.run((draft, overlay) => {
        const endpoints = new Set<string>();
        for (const { id } of parts.sql.delayed.all(now)) {
          const stored = findJob(parts, overlay, String(id), 'forTransition');
          if (!stored || stored.isReady || stored.job.availableAt > now) continue;
          const { seq, job } = stored;
          draft.writes.push(['wake', seq]);
          addCounts(parts, draft, job.endpoint, countsOfMove(job, job, false, true));
          stage(parts, draft, { ...stored, isReady: true });
          endpoints.add(job.endpoint);
        }
        return [...endpoints];
      }),
    ...createRemovals(parts, group),
  };
}

function createChunkWrites(
  parts: StoreParts,
  group: CommitGroup,
): Pick<Writes, 'appendChunk' | 'drainChunks'> {
  const { sql, nextChunks } = parts;
  return {
    appendChunk: (id, by, { chunk, number }, now) =>
      group.run((draft, overlay) => {
        draft.jobId = id;
        const stored = findJob(parts, overlay, id, 'forTransition');
        // A chunk is a sign of life.
        const transition = stored && decideTransition(stored.job, { type: 'heartbeat', ...by }, now);
        if (!transition) return undefined;
        const { seq, job } = stored;
        const next = nextChunks.get(seq) ?? Number(sql.nextChunk.get(seq)?.next ?? 0);
        if (number !== undefined && number < next) return undefined;
        nextChunks.set(seq, next + 1);
        draft.writes.push(['putChunk', seq, next, job.attempt, chunk]);
        giveValue(draft, seq, chunk);
        writeTransition(parts, draft, stored, transition, now);
        return job.endpoint;
      }),
    async drainChunks(id) {
      for (;;) {
        const drained = await group.run((draft, overlay) => {
          if (overlay.drained.has(id)) return undefined;
          const rows = sql.chunksAfterDrained.all(id);
          const [first] = rows;
          if (!first) return [];
          // A further delivery is about to start the stream anew.
          const attempt = overlay.jobs.get(id)?.stored?.job.attempt ?? first.attempt;
          if (attempt !== first.attempt) return undefined;
          draft.stageDrain(id);
          draft.writes.push(['drain', rows.length, Number(first.seq)]);
          return rows.map((row) => String(row.chunk));
        });
        if (drained) return drained;
        await group.settled();
      }
    },
  };
}

function createValueWrites(parts: StoreParts, group: CommitGroup): Pick<Writes, 'giveValue' | 'freeValues'> {
  return {
    giveValue: (id, reference) =>
      group.run((draft, overlay) => {
        draft.jobId = id;
        const stored = findJob(parts, overlay, id, 'forTransition');
        if (!stored?.job.lease) return false;
        giveValue(draft, stored.seq, reference);
        return true;
      }),
    freeValues: (references) =>
      group.run((draft) => {
        for (const reference of references) freeValue(draft, reference);
      }),
  };
}

function createRemovals(parts: StoreParts, group: CommitGroup): Pick<Writes, 'remove' | 'removeEndedBefore'> {
  const drop = (draft: Draft, jobs: readonly DroppedJob[]) => {
    draft.writes.push(...parts.foldUsage(jobs));
    for (const { seq, id } of jobs) {
      for (const name of DROPS_OF_A_JOB) draft.writes.push([name, seq]);
      draft.stage(id, undefined);
    }
  };
  return {
    remove: (id, only) =>
      group.run((draft, overlay) => {
        draft.jobId = id;
        const stored = findJob(parts, overlay, id, 'forTransition');
        if (stored?.job.finishedAt === undefined) return false;
        if (only === 'told' && parts.sql.untold.get(stored.seq)) return false;
        drop(draft, [{ ...parts.sql.dropped.get(stored.seq), seq: stored.seq, id }]);
        return true;
      }),
    removeEndedBefore: (before, limit) =>
      group.run((draft, overlay) => {
        // One that the batch has moved may have been retried.
        const rows = parts.sql.endedBefore
          .all(before, limit)
          .filter(({ id }) => !overlay.jobs.has(String(id)));
        drop(draft, rows as DroppedJob[]);
        return rows.length;
      }),
  };
}

function insertOne(
  parts: StoreParts,
  takes: JobTakes,
  draft: Draft,
  overlay: Overlay,
  job: Job,
  once: IdempotentSubmit | undefined,
): InsertResult {
  const key = `${job.endpoint} ${once?.key}`;
  const known = once && knownSubmit(parts, overlay, job.endpoint, once.key, key);
  if (known)
    return { type: known.fingerprint === once.fingerprint ? 'repeated' : 'conflict', jobId: known.jobId };
  draft.jobId = job.id;
  const isReady = job.availableAt <= job.createdAt;
  const written = isReady ? takes.offer(draft, job) : job;
  const seq = parts.nextSeq();
  draft.writes.push(insertWrite(seq, written, isReady));
  draft.writes.push(['putInput', seq, job.input, job.extras ?? null]);
  giveValue(draft, seq, job.input);
  if (job.output !== undefined) draft.writes.push(['putOutput', seq, job.output]);
  if (job.finishedAt !== undefined && job.webhook !== undefined)
    draft.writes.push(['putDelivery', seq, job.id, job.endpoint, job.webhook, job.finishedAt]);
  if (job.progress !== undefined && isLong(job.progress))
    draft.writes.push(['putProgress', seq, job.progress]);
  for (const tag of job.tags) draft.writes.push(['putTag', tag, seq]);
  if (once) {
    draft.writes.push(['putIdempotent', job.endpoint, once.key, seq, job.id, once.fingerprint]);
    draft.stageKey(key, { jobId: job.id, fingerprint: once.fingerprint });
  }
  addCounts(parts, draft, job.endpoint, countsOfMove(undefined, written, false, isReady));
  stage(parts, draft, { seq, job: written, isReady });
  return { type: 'inserted' };
}

function useSignatures({ writes }: Draft, { signatures, now }: UsedSignatures): void {
  for (const { signature, holder = null, until } of signatures)
    writes.push(['useSignature', signature, holder, until]);
  writes.push(['dropSignatures', now]);
}

/** The submit that came under the key before, in the file or in this batch. */
function knownSubmit(
  { sql }: StoreParts,
  overlay: Overlay,
  endpoint: string,
  idempotencyKey: string,
  key: string,
): { jobId: string; fingerprint: string } | undefined {
  const row = sql.idempotent.get(endpoint, idempotencyKey);
  return row ? { jobId: String(row.job_id), fingerprint: String(row.fingerprint) } : overlay.keys.get(key);
}
