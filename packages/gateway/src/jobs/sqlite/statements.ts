import type { DatabaseSync } from 'node:sqlite';
import type { Job } from '../job.ts';
import type { EndedAttempt } from '../job-machine.ts';
import type { JobFilter } from '../job-store.ts';
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
    firstReady: db.prepare(`${ready} ORDER BY seq`),
    firstReadyUnsuspected: db.prepare(`${ready} AND is_suspect = 0 ORDER BY seq`),
    oldestReady: db.prepare(
      `SELECT queued_at FROM jobs WHERE endpoint = ? AND status = 'IN_QUEUE' AND ready = 1 AND is_low_priority = 0 ORDER BY seq LIMIT 1`,
    ),
    jobsAhead: db.prepare(
      `SELECT count(*) AS n FROM (
         SELECT 1 FROM jobs a JOIN jobs b ON b.id = ? WHERE a.endpoint = b.endpoint AND a.status = 'IN_QUEUE'
           AND a.ready = 1 AND a.seq < b.seq LIMIT 10000)`,
    ),
    running: db.prepare(`SELECT * FROM jobs WHERE status = 'IN_PROGRESS' ORDER BY seq`),
    due: db.prepare('SELECT id FROM jobs WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?'),
    wake: db.prepare(
      `UPDATE jobs SET ready = 1 WHERE status = 'IN_QUEUE' AND ready = 0 AND available_at <= ? RETURNING endpoint`,
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
    endedBefore: db.prepare('SELECT seq FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ? LIMIT ?'),
    remove: prepareRemove(db),
    list: prepareList(db),
  };
}

function prepareRemove(db: DatabaseSync): (seq: number) => void {
  const statements = ['chunks', 'attempts', 'job_values', 'jobs'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE seq = ?`),
  );
  return (seq) => {
    for (const statement of statements) statement.run(seq);
  };
}

function prepareList(db: DatabaseSync): (filter: JobFilter) => readonly unknown[] {
  const list = db.prepare(
    `SELECT * FROM jobs WHERE seq < ?1 AND (?2 IS NULL OR endpoint = ?2) AND (?3 IS NULL OR status = ?3)
     ORDER BY seq DESC LIMIT ?4`,
  );
  return (filter) =>
    list.all(
      filter.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(filter.cursor),
      filter.endpoint ?? null,
      filter.status ?? null,
      filter.limit + 1,
    );
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
