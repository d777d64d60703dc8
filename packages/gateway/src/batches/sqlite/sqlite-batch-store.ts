import type { DatabaseSync } from 'node:sqlite';
import { parseReference } from '../../jobs/large-values/value-reference.ts';
import { runNow, type Turn } from '../../lib/turn.ts';
import { type BatchDecision, decideBatch } from '../batch-machine.ts';
import type {
  BatchChange,
  BatchStore,
  JobReport,
  NewRequest,
  OpenJob,
  RequestEnd,
  WaitingRequest,
} from '../batch-store.ts';
import { batchOf, type Counted, countsOf, openJobOf, type Row, requestOf } from './batch-rows.ts';
import { prepareBatchStatements } from './batch-statements.ts';

type Statements = ReturnType<typeof prepareBatchStatements>;

/** Batches in the file of the jobs; `inTurn` runs a transaction when the job store writes none. */
export function createSqliteBatchStore(db: DatabaseSync, inTurn: Turn = runNow): BatchStore {
  const sql = prepareBatchStatements(db);
  const transaction = createTransaction(db);
  const write = <T>(operation: () => T) => inTurn(() => transaction(operation));
  const read = (row: unknown) =>
    batchOf(row as Row, countsOf(sql.states.all((row as Row).seq ?? 0) as Counted[]));
  const number = (row: Record<string, unknown> | undefined) => Number(row?.n ?? 0);

  return {
    create: async (batch, requests) =>
      write(() => {
        const { id, endpoint, createdAt, keyId = null } = batch;
        const { lastInsertRowid } = sql.insertBatch.run(id, endpoint, createdAt, keyId);
        insertRequests(sql, Number(lastInsertRowid), requests);
      }),
    apply: async (id, change) =>
      write(() => {
        const row = sql.byId.get(id) as Row | undefined;
        if (!row) return undefined;
        const batch = read(row);
        const decision = decideBatch(batch, change);
        if (decision.type !== 'change') return { decision, batch };
        applyChange(sql, Number(row.seq), decision, change);
        const after = sql.byId.get(id);
        return { decision, batch: after ? read(after) : batch };
      }),
    get: async (id) => {
      const row = sql.byId.get(id);
      return row && read(row);
    },
    list: async (endpoint, { offset, limit }) => ({
      batches: sql.page.all(endpoint, limit, offset).map(read),
      total: number(sql.count.get(endpoint)),
    }),
    countActive: async (endpoint) => number(sql.countActive.get(endpoint)),
    countWaiting: async (endpoint) => number(sql.countWaiting.get(endpoint)),
    request: async (batchId, requestId) => {
      const row = sql.request.get(batchId, requestId);
      return row && requestOf(row as Row);
    },
    requests: async (batchId, { offset, limit }) =>
      sql.requests.all(batchId, limit, offset).map((row) => requestOf(row as Row)),
    waiting: async (limit, chars) => readWaiting(sql, limit, chars),
    submitted: async (entries) =>
      write(() => {
        for (const { requestId, jobId } of entries) sql.submitted.run(jobId, requestId);
      }),
    openJobs: async () => sql.openJobs.all().map((row) => openJobOf(row as Row)),
    record: async (reports) => write(() => reports.flatMap((report) => recordOne(sql, report) ?? [])),
  };
}

function createTransaction(db: DatabaseSync) {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  return <T>(operation: () => T): T => {
    begin.run();
    try {
      const result = operation();
      commit.run();
      return result;
    } catch (error) {
      // A full disk ends the transaction itself.
      if (db.isTransaction) rollback.run();
      throw error;
    }
  };
}

function insertRequests(sql: Statements, seq: number, requests: readonly NewRequest[]): void {
  for (const { id, body } of requests) sql.insertRequest.run(seq, id, body);
}

function applyChange(
  sql: Statements,
  seq: number,
  decision: Extract<BatchDecision, { type: 'change' }>,
  change: BatchChange,
): void {
  if (change.type === 'deleted') {
    sql.freeValues.run(seq);
    sql.removeRequests.run(seq);
    sql.remove.run(seq);
    return;
  }
  if (change.type === 'named') {
    sql.setName.run(change.name, seq);
    return;
  }
  const reason = change.type === 'endpoint-gone' ? change.message : null;
  sql.setStatus.run(decision.status, reason, seq);
  if (change.type === 'added') insertRequests(sql, seq, change.requests);
  if (change.type === 'removed') sql.removeRequest.run(seq, change.requestId);
  if (decision.endsWaiting && 'now' in change) {
    sql.endWaiting.run(decision.endsWaiting, change.now, reason, seq);
  }
}

function readWaiting(sql: Statements, limit: number, chars: number): WaitingRequest[] {
  const found: WaitingRequest[] = [];
  let size = 0;
  for (const row of sql.waiting.iterate(limit)) {
    const body = String(row.body);
    size += body.length;
    if (size > chars && found.length > 0) break;
    found.push({
      ...{ id: String(row.id), batchId: String(row.batch_id), endpoint: String(row.endpoint), body },
      ...(row.key_id === null ? {} : { keyId: String(row.key_id) }),
    });
  }
  return found;
}

/** For a job that was reopened: the batch that it belongs to, if it belongs to one. */
function recordOne(sql: Statements, report: JobReport): OpenJob | undefined {
  if (report.type === 'reopened') {
    sql.freeValue.run(report.jobId);
    sql.reopen.run(report.jobId);
    const row = sql.batchOfJob.get(report.jobId);
    return row && openJobOf(row as Row);
  }
  if (report.type === 'ended') sql.endJob.run(...endValues(keptEnd(sql, report)), report.jobId);
  else sql.endRequest.run(...endValues(report), report.requestId);
  return undefined;
}

const endValues = ({ state, startedAt, completedAt, output, error }: RequestEnd) =>
  [state, startedAt ?? null, completedAt, output ?? null, error ?? null] as const;

/** From now on a large output is the batch's, too: it outlives its job. */
function keptEnd(sql: Statements, report: Extract<JobReport, { type: 'ended' }>): RequestEnd {
  const value = parseReference(report.output);
  if (!value || sql.keepValue.run(report.jobId, value.key).changes > 0) return report;
  // Deleted, or retried by hand, of which another report tells.
  const { output: _gone, ...rest } = report;
  return { ...rest, error: rest.error ?? 'its output was deleted before the batch had kept it' };
}
