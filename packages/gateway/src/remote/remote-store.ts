import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../lib/turn.ts';
import type { RouteReason } from './decide-route.ts';

/** One attempt at a remote backend, as it is kept beyond the life of a gateway. */
export interface RemoteAttempt {
  /** The lease's holder; no two attempts share one. */
  readonly workerId: string;
  readonly jobId: string;
  readonly number: number;
  readonly endpoint: string;
  readonly remoteEndpoint: string;
  readonly reason: RouteReason;
  readonly state: RemoteState;
  /** The job's id there, once the submit was answered. */
  readonly remoteId?: string;
  readonly routedAt: number;
  readonly submittedAt?: number;
}

/**
 * `open`: it goes on. `cancel`: it counts no more and is to be cancelled there. `unseen`: a submit went out whose answer
 * never came; what it may have started counts for nothing. `over`: nothing is left to do.
 */
export type RemoteState = 'open' | 'cancel' | 'unseen' | 'over';

export type RemoteStore = ReturnType<typeof createRemoteStore>;

/** In the file of the jobs; `inTurn` writes when the job store does not. Every write is on disk when it resolves. */
export function createRemoteStore(db: DatabaseSync, inTurn: Turn = runNow) {
  const insert = db.prepare(
    `INSERT INTO remote_attempts (worker_id, job_id, number, endpoint, remote_endpoint, reason, state, routed_at)
       VALUES (?, ?, ?, ?, ?, ?, 'open', ?)`,
  );
  const submitted = db.prepare(
    'UPDATE remote_attempts SET remote_id = ?, submitted_at = ? WHERE worker_id = ?',
  );
  const end = db.prepare(
    `UPDATE remote_attempts SET state = ?, remote_id = coalesce(?, remote_id), ended_at = ? WHERE worker_id = ?`,
  );
  const reopen = db.prepare(
    `UPDATE remote_attempts SET state = 'open', ended_at = NULL WHERE worker_id = ? AND state = 'cancel'`,
  );
  const left = db.prepare(`SELECT * FROM remote_attempts WHERE state IN ('open', 'cancel')`);
  const ofJob = db.prepare('SELECT * FROM remote_attempts WHERE job_id = ? ORDER BY number');
  const byWorker = db.prepare('SELECT * FROM remote_attempts WHERE worker_id = ?');
  const movedInput = db.prepare('UPDATE remote_attempts SET moved_input = ? WHERE worker_id = ?');
  const leftInputs = db.prepare(
    `SELECT worker_id, moved_input FROM remote_attempts
       WHERE moved_input IS NOT NULL AND state IN ('over', 'unseen') AND endpoint = ?`,
  );
  const dropOld = db.prepare(
    `DELETE FROM remote_attempts WHERE state IN ('over', 'unseen') AND moved_input IS NULL AND ended_at < ?`,
  );
  return {
    /** The intent: before the submit. */
    open: (attempt: RemoteAttempt): Promise<void> =>
      inTurn(() => {
        const { workerId, jobId, number, endpoint, remoteEndpoint, reason, routedAt } = attempt;
        insert.run(workerId, jobId, number, endpoint, remoteEndpoint, JSON.stringify(reason), routedAt);
      }),
    submitted: (workerId: string, remoteId: string, at: number): Promise<void> =>
      inTurn(() => void submitted.run(remoteId, at, workerId)),
    end: (
      workerId: string,
      state: Exclude<RemoteState, 'open'>,
      at: number,
      remoteId?: string,
    ): Promise<void> => inTurn(() => void end.run(state, remoteId ?? null, at, workerId)),
    /** It was to leave, and stays after all. */
    reopen: (workerId: string): Promise<void> => inTurn(() => void reopen.run(workerId)),
    /** Those that have something left to do. */
    left: (): readonly RemoteAttempt[] => left.all().map(attemptOf),
    ofJob: (jobId: string): readonly RemoteAttempt[] => ofJob.all(jobId).map(attemptOf),
    get(workerId: string): RemoteAttempt | undefined {
      const row = byWorker.get(workerId);
      return row && attemptOf(row);
    },
    /** What is kept as artifacts of its input. */
    movedInput: (workerId: string, ids: readonly string[]): Promise<void> =>
      inTurn(() => void movedInput.run(ids.length === 0 ? null : JSON.stringify(ids), workerId)),
    /** What is still kept for attempts that are over. */
    leftInputs: (
      endpoint: string,
    ): readonly { readonly workerId: string; readonly ids: readonly string[] }[] =>
      leftInputs.all(endpoint).map(({ worker_id, moved_input }) => ({
        workerId: String(worker_id),
        ids: JSON.parse(String(moved_input)) as string[],
      })),
    dropEndedBefore: (before: number): Promise<void> => inTurn(() => void dropOld.run(before)),
  };
}

function attemptOf(row: Record<string, unknown>): RemoteAttempt {
  return {
    workerId: String(row.worker_id),
    jobId: String(row.job_id),
    number: Number(row.number),
    endpoint: String(row.endpoint),
    remoteEndpoint: String(row.remote_endpoint),
    reason: JSON.parse(String(row.reason)) as RouteReason,
    state: String(row.state) as RemoteState,
    ...(row.remote_id === null ? {} : { remoteId: String(row.remote_id) }),
    routedAt: Number(row.routed_at),
    ...(row.submitted_at === null ? {} : { submittedAt: Number(row.submitted_at) }),
  };
}
