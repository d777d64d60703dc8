import type { Added } from './counters.ts';

export type SqlValue = string | number | null;

/** A statement of `WRITE_STATEMENTS` with its values. */
export type Write = readonly [name: WriteName, ...values: SqlValue[]];

/** What one operation writes: all of it or nothing. */
export interface WriteOperation {
  /** The job that it is about: once one operation on it has failed, later ones of the batch fail with it. */
  readonly jobId: string | undefined;
  readonly writes: readonly Write[];
  /** What it adds to the counters of an endpoint, in the order of `COUNT_COLUMNS`. */
  readonly counts: readonly (readonly [endpoint: string, added: Added])[];
}

/** Columns of a new job, in the order of `insertWrite`. */
// biome-ignore format: one line of columns each
const INSERT_COLUMNS = [
  'seq', 'id', 'endpoint', 'is_low_priority', 'priority', 'tags', 'created_at', 'execution_timeout_ms',
  'retry_worker_lost', 'retry_handler_error', 'webhook', 'status', 'ready', 'is_suspect', 'queued_at',
  'available_at', 'expires_at', 'due_at', 'attempt', 'lost_count', 'handler_error_count', 'worker_id',
  'started_at', 'finished_at', 'lease_wire_id', 'lease_deadline_at', 'lease_ms',
  'error', 'progress', 'key_id',
];

/** Of a job as nearly all are: nothing said of it but its times, and no past. */
const PLAIN_COLUMNS = `seq, id, endpoint, created_at, queued_at, available_at, expires_at, execution_timeout_ms,
  retry_worker_lost, retry_handler_error, ready, is_suspect, is_low_priority, priority, lost_count, handler_error_count,
  key_id`;
const PLAIN_VALUES = '?1, ?2, ?3, ?4, ?4, ?4, ?5, ?6, ?7, ?8, 1, 0, 0, 0, 0, 0, ?9';

/** Every statement that changes a job, by name: the writer prepares each once, on a connection of its own. */
export const WRITE_STATEMENTS = {
  insert: `INSERT INTO jobs (${INSERT_COLUMNS.join(', ')}) VALUES (${INSERT_COLUMNS.map(() => '?').join(', ')})`,
  insertPlain: `INSERT INTO jobs (${PLAIN_COLUMNS}, status, due_at, attempt)
    VALUES (${PLAIN_VALUES}, 'IN_QUEUE', ?5, 0)`,
  insertLeased: `INSERT INTO jobs (${PLAIN_COLUMNS}, status, attempt, worker_id, started_at, lease_wire_id,
    lease_deadline_at, lease_ms) VALUES (${PLAIN_VALUES}, 'IN_PROGRESS', 1, ?10, ?11, ?2, ?12, ?13)`,
  lease: `UPDATE jobs SET status = 'IN_PROGRESS', due_at = NULL, attempt = ?, worker_id = ?, started_at = ?,
    lease_wire_id = ?, lease_deadline_at = ?, lease_ms = ?, progress = NULL WHERE seq = ?`,
  finish: `UPDATE jobs SET status = ?, finished_at = ?, due_at = NULL, error = ?, lost_count = ?,
    handler_error_count = ?, is_suspect = ?, progress = NULL WHERE seq = ?`,
  progress: 'UPDATE jobs SET progress = ? WHERE seq = ?',
  requeue: `UPDATE jobs SET status = 'IN_QUEUE', ready = ?, is_suspect = ?, queued_at = ?, available_at = ?,
    expires_at = ?, due_at = ?, lost_count = ?, handler_error_count = ?, finished_at = NULL, error = NULL,
    progress = NULL WHERE seq = ?`,
  wake: 'UPDATE jobs SET ready = 1 WHERE seq = ?',
  putInput: 'INSERT INTO job_inputs VALUES (?, ?, ?)',
  putOutput: 'INSERT OR REPLACE INTO job_outputs VALUES (?, ?)',
  dropOutput: 'DELETE FROM job_outputs WHERE seq = ?',
  putProgress: 'INSERT OR REPLACE INTO job_progress VALUES (?, ?)',
  dropProgress: 'DELETE FROM job_progress WHERE seq = ?',
  putAttempt: 'INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)',
  putUsage: 'INSERT OR REPLACE INTO usage_attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  addUsageDay: `INSERT INTO usage_days VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    attempts = attempts + excluded.attempts, completed = completed + excluded.completed,
    busy_ms = busy_ms + excluded.busy_ms`,
  putTag: 'INSERT OR IGNORE INTO job_tags VALUES (?, ?)',
  putIdempotent: 'INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)',
  useSignature: 'INSERT OR IGNORE INTO used_signatures VALUES (?, ?, ?)',
  dropSignatures: 'DELETE FROM used_signatures WHERE until < ?',
  putDelivery:
    'INSERT INTO deliveries (seq, job_id, endpoint, url, created_at, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)',
  putChunk: 'INSERT INTO chunks VALUES (?, ?, ?, ?)',
  dropChunks: 'DELETE FROM chunks WHERE seq = ?',
  drain: 'UPDATE jobs SET drained = drained + ? WHERE seq = ?',
  undrain: 'UPDATE jobs SET drained = 0 WHERE seq = ?',
  dropAttempts: 'DELETE FROM attempts WHERE seq = ?',
  dropInput: 'DELETE FROM job_inputs WHERE seq = ?',
  dropTags: 'DELETE FROM job_tags WHERE seq = ?',
  dropIdempotent: 'DELETE FROM idempotency WHERE seq = ?',
  dropDeliveries: 'DELETE FROM deliveries WHERE seq = ?',
  dropJob: 'DELETE FROM jobs WHERE seq = ?',
  putValue: 'INSERT INTO large_values (key, size_bytes, owner, created_at) VALUES (?, ?, ?, ?)',
  giveValue: 'UPDATE large_values SET seq = ? WHERE key = ?',
  freeValue: 'UPDATE large_values SET seq = NULL WHERE key = ?',
  freeAttempt: `UPDATE large_values SET seq = NULL
    WHERE seq = ? AND (key GLOB 'values/chunk_*' OR key GLOB 'values/field_*')`,
  freeValues: 'UPDATE large_values SET seq = NULL WHERE seq = ?',
  forgetValue: 'DELETE FROM large_values WHERE key = ? AND seq IS NULL AND request IS NULL',
} as const;

export type WriteName = keyof typeof WRITE_STATEMENTS;

export const WRITE_NAMES = Object.keys(WRITE_STATEMENTS) as readonly WriteName[];

/** All that a job has; the job itself goes last. */
export const DROPS_OF_A_JOB: readonly WriteName[] = [
  'dropChunks',
  'dropAttempts',
  'dropProgress',
  'dropInput',
  'dropOutput',
  'dropTags',
  'dropIdempotent',
  'dropDeliveries',
  'freeValues',
  'dropJob',
];
