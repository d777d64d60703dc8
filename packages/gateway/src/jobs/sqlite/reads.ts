import type { DatabaseSync } from 'node:sqlite';
import { LONGEST_KEPT_CHARS } from './hot-jobs.ts';

/** What is to be known of a job that is deleted. */
const DROPPED = 'seq, id, endpoint, status, key_id, tags, attempt, started_at, finished_at';

/** Of one that is kept elsewhere, as its reference has it: only short texts are looked at. */
const INPUT_BYTES = `iif(octet_length(i.input) < 200 AND i.input LIKE '@%', CAST(substr(i.input, 2) AS INTEGER),
  octet_length(i.input))`;

/** Every look at jobs, prepared once. What changes them is in `writes.ts`. */
export function prepareReads(db: DatabaseSync) {
  return {
    byId: db.prepare('SELECT * FROM jobs WHERE id = ?'),
    ...prepareQueue(db),
    running: db.prepare(`SELECT * FROM jobs WHERE status = 'IN_PROGRESS' ORDER BY seq`),
    due: db.prepare('SELECT id FROM jobs WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?'),
    delayed: db.prepare(
      `SELECT id FROM jobs WHERE status = 'IN_QUEUE' AND ready = 0 AND available_at <= ? ORDER BY available_at`,
    ),
    nextDue: db.prepare(
      `SELECT min(at) AS at FROM (
         SELECT min(due_at) AS at FROM jobs WHERE due_at IS NOT NULL
         UNION ALL
         SELECT min(available_at) FROM jobs WHERE status = 'IN_QUEUE' AND ready = 0)`,
    ),
    input: db.prepare('SELECT input, extras FROM job_inputs WHERE seq = ?'),
    output: db.prepare('SELECT output FROM job_outputs WHERE seq = ?'),
    progress: db.prepare('SELECT progress FROM job_progress WHERE seq = ?'),
    looseValues: db.prepare(
      `SELECT key, size_bytes, owner FROM large_values WHERE seq IS NULL AND request IS NULL AND created_at <= ?
       ORDER BY created_at LIMIT ?`,
    ),
    lastSeq: db.prepare('SELECT max(seq) AS seq FROM jobs'),
    attempts: db.prepare(
      'SELECT a.* FROM attempts a JOIN jobs j ON j.seq = a.seq WHERE j.id = ? ORDER BY a.number',
    ),
    ...prepareChunks(db),
    idempotent: db.prepare('SELECT job_id, fingerprint FROM idempotency WHERE endpoint = ? AND key = ?'),
    dropped: db.prepare(`SELECT ${DROPPED} FROM jobs WHERE seq = ?`),
    untold: db.prepare('SELECT 1 FROM deliveries WHERE seq = ? AND next_at IS NOT NULL'),
    endedBefore: db.prepare(
      `SELECT ${DROPPED} FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ?
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = jobs.seq AND d.next_at IS NOT NULL)
       ORDER BY finished_at LIMIT ?`,
    ),
  };
}

/** Looks at the queue of one endpoint. */
function prepareQueue(db: DatabaseSync) {
  // A long input is read when its job is taken.
  const withInput = `SELECT j.*, iif(octet_length(i.input) + octet_length(coalesce(i.extras, '')) <= ${LONGEST_KEPT_CHARS},
    i.input, NULL) AS input, i.extras FROM jobs j JOIN job_inputs i ON i.seq = j.seq
    WHERE j.endpoint = ?1 AND j.status = 'IN_QUEUE' AND j.ready = 1`;
  return {
    ready: db.prepare(`${withInput} ORDER BY j.priority DESC, j.seq LIMIT ?2`),
    readyAfter: db.prepare(
      `${withInput} AND j.priority <= ?3 AND (j.priority < ?3 OR j.seq > ?4) ORDER BY j.priority DESC, j.seq LIMIT ?2`,
    ),
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
    // Jobs that could have been delivered for some time, in the order of delivery.
    waitingSince: db.prepare(
      `SELECT j.id, j.key_id, max(j.queued_at, j.available_at) AS since FROM jobs j JOIN job_inputs i ON i.seq = j.seq
         WHERE j.endpoint = ?1 AND j.status = 'IN_QUEUE' AND j.ready = 1 AND j.is_low_priority <= ?2
           AND max(j.queued_at, j.available_at) <= ?3
           AND ${INPUT_BYTES} + octet_length(coalesce(i.extras, '')) <= ?4
           AND coalesce(j.key_id, '') NOT IN (SELECT value FROM json_each(?6))
         ORDER BY j.priority DESC, j.seq LIMIT ?5`,
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

function prepareChunks(db: DatabaseSync) {
  return {
    nextChunk: db.prepare('SELECT coalesce(max(number), -1) + 1 AS next FROM chunks WHERE seq = ?'),
    chunksAfterDrained: db.prepare(
      'SELECT c.seq, c.chunk, j.attempt FROM chunks c JOIN jobs j ON j.seq = c.seq WHERE j.id = ? AND c.number >= j.drained ORDER BY c.number',
    ),
    largeChunks: db.prepare(
      `SELECT c.chunk FROM chunks c JOIN jobs j ON j.seq = c.seq WHERE j.id = ? AND c.number >= j.drained
         AND octet_length(c.chunk) < 200 AND c.chunk LIKE '@%' ORDER BY c.number`,
    ),
    chunksFrom: db.prepare(
      'SELECT c.chunk FROM chunks c JOIN jobs j ON j.seq = c.seq WHERE j.id = ? AND c.number >= ? ORDER BY c.number',
    ),
  };
}

export type Reads = ReturnType<typeof prepareReads>;
