import type { DatabaseSync } from 'node:sqlite';
import type { Job } from '../job.ts';
import type { EndedAttempt } from '../job-machine.ts';
import { CHANGING_COLUMNS, changingValues, FIXED_COLUMNS, fixedValues } from './job-row.ts';

/** Every SQL statement of the job store, prepared once. */
export function prepareStatements(db: DatabaseSync) {
  const columns = [...FIXED_COLUMNS, ...CHANGING_COLUMNS];
  const insert = db.prepare(
    `INSERT INTO jobs (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const update = db.prepare(
    `UPDATE jobs SET ${CHANGING_COLUMNS.map((name) => `${name} = ?`).join(', ')} WHERE seq = ?`,
  );
  const putAttempt = db.prepare('INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)');
  const ready = `SELECT * FROM jobs WHERE endpoint = ? AND status = 'IN_QUEUE' AND ready = 1`;
  const order = 'ORDER BY priority DESC, seq';
  return {
    insert: (job: Job, now: number) =>
      Number(insert.run(...fixedValues(job), ...changingValues(job, now)).lastInsertRowid),
    update: (seq: number, job: Job, now: number) => update.run(...changingValues(job, now), seq),
    putAttempt: (seq: number, one: EndedAttempt) =>
      putAttempt.run(
        seq,
        one.number,
        one.workerId,
        one.startedAt,
        one.endedAt,
        one.outcome,
        one.failure ? JSON.stringify(one.failure) : null,
      ),
    byId: db.prepare('SELECT * FROM jobs WHERE id = ?'),
    firstReady: db.prepare(`${ready} ${order}`),
    firstReadyUnsuspected: db.prepare(`${ready} AND is_suspect = 0 ${order}`),
    ...prepareQueue(db),
    running: db.prepare(`SELECT * FROM jobs WHERE status = 'IN_PROGRESS' ORDER BY seq`),
    due: db.prepare('SELECT id FROM jobs WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?'),
    wake: db.prepare(
      `UPDATE jobs SET ready = 1 WHERE status = 'IN_QUEUE' AND ready = 0 AND available_at <= ? RETURNING endpoint, is_low_priority`,
    ),
    nextDue: db.prepare(
      `SELECT min(at) AS at FROM (
         SELECT min(due_at) AS at FROM jobs WHERE due_at IS NOT NULL
         UNION ALL
         SELECT min(available_at) FROM jobs WHERE status = 'IN_QUEUE' AND ready = 0)`,
    ),
    value: db.prepare('SELECT value FROM job_values WHERE seq = ? AND kind = ?'),
    putValue: db.prepare('INSERT OR REPLACE INTO job_values VALUES (?, ?, ?)'),
    dropValue: db.prepare('DELETE FROM job_values WHERE seq = ? AND kind = ?'),
    attempts: db.prepare(
      'SELECT a.* FROM attempts a JOIN jobs j ON j.seq = a.seq WHERE j.id = ? ORDER BY a.number',
    ),
    ...prepareChunks(db),
    remove: prepareRemove(db),
    ...prepareSubmit(db),
  };
}

/** Looks at the queue of one endpoint. */
function prepareQueue(db: DatabaseSync) {
  return {
    // One look a priority, so that a job that others overtake is seen too, without a scan.
    oldestReady: db.prepare(
      `WITH RECURSIVE ready AS (
         SELECT * FROM jobs WHERE endpoint = ?1 AND status = 'IN_QUEUE' AND ready = 1),
       priorities (value) AS (
         SELECT max(priority) FROM ready
         UNION ALL
         SELECT (SELECT max(priority) FROM ready WHERE priority < value) FROM priorities WHERE value IS NOT NULL)
       SELECT min((SELECT queued_at FROM ready WHERE priority = value AND is_low_priority = 0 ORDER BY seq LIMIT 1))
         AS queued_at FROM priorities WHERE value IS NOT NULL`,
    ),
    jobsAhead: db.prepare(
      `SELECT count(*) AS n FROM (
         SELECT 1 FROM jobs b JOIN jobs a ON a.endpoint = b.endpoint AND a.status = 'IN_QUEUE' AND a.ready = 1
           AND (a.priority > b.priority OR (a.priority = b.priority AND a.seq < b.seq))
         WHERE b.id = ? LIMIT 10000)`,
    ),
    queuedReady: db.prepare(
      `SELECT id FROM jobs WHERE endpoint = ? AND status = 'IN_QUEUE' AND ready = 1 ORDER BY priority DESC, seq LIMIT ?`,
    ),
    queuedDelayed: db.prepare(
      `SELECT id FROM jobs WHERE endpoint = ? AND status = 'IN_QUEUE' AND ready = 0 ORDER BY available_at LIMIT ?`,
    ),
  };
}

/** What a submit adds beside its job. */
function prepareSubmit(db: DatabaseSync) {
  return {
    putTag: db.prepare('INSERT OR IGNORE INTO job_tags VALUES (?, ?)'),
    idempotent: db.prepare('SELECT * FROM idempotency WHERE endpoint = ? AND key = ?'),
    putIdempotent: db.prepare('INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)'),
    putDelivery: db.prepare(
      'INSERT INTO deliveries (seq, job_id, endpoint, url, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)',
    ),
    endedBefore: db.prepare(
      `SELECT seq FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ?
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = jobs.seq AND d.next_at IS NOT NULL)
       ORDER BY finished_at LIMIT ?`,
    ),
  };
}

/** Tables with something of a job in them; the job itself goes last. */
const TABLES_OF_A_JOB = ['chunks', 'attempts', 'job_values', 'job_tags', 'idempotency', 'deliveries', 'jobs'];

function prepareRemove(db: DatabaseSync): (seq: number) => void {
  const statements = TABLES_OF_A_JOB.map((table) => db.prepare(`DELETE FROM ${table} WHERE seq = ?`));
  return (seq) => {
    for (const statement of statements) statement.run(seq);
  };
}

function prepareChunks(db: DatabaseSync) {
  return {
    nextChunk: db.prepare('SELECT coalesce(max(number), -1) + 1 AS next FROM chunks WHERE seq = ?'),
    putChunk: db.prepare('INSERT INTO chunks VALUES (?, ?, ?, ?)'),
    renew: db.prepare(
      'UPDATE jobs SET lease_expires_at = ?1, lease_misses = 0, due_at = min(?1, lease_deadline_at, expires_at) WHERE seq = ?2',
    ),
    chunksAfterDrained: db.prepare(
      'SELECT c.chunk FROM chunks c JOIN jobs j ON j.seq = c.seq WHERE j.id = ? AND c.number >= j.drained ORDER BY c.number',
    ),
    chunksFrom: db.prepare(
      'SELECT c.chunk FROM chunks c JOIN jobs j ON j.seq = c.seq WHERE j.id = ? AND c.number >= ? ORDER BY c.number',
    ),
    drain: db.prepare('UPDATE jobs SET drained = drained + ? WHERE id = ?'),
    dropChunks: db.prepare('DELETE FROM chunks WHERE seq = ?'),
    undrain: db.prepare('UPDATE jobs SET drained = 0 WHERE seq = ?'),
  };
}
