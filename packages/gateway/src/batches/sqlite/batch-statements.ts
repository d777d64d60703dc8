import type { DatabaseSync } from 'node:sqlite';

/** Every SQL statement of the batch store, prepared once. */
export function prepareBatchStatements(db: DatabaseSync) {
  const open = `r.state IN ('WAITING', 'SUBMITTED')`;
  const withBatch = 'FROM batch_requests r JOIN batches b ON b.seq = r.batch_seq';
  return {
    insertBatch: db.prepare(
      `INSERT INTO batches (id, endpoint, status, created_at, key_id) VALUES (?, ?, 'DRAFT', ?, ?)`,
    ),
    insertRequest: db.prepare(
      `INSERT INTO batch_requests (batch_seq, id, state, body) VALUES (?, ?, 'WAITING', ?)`,
    ),
    byId: db.prepare('SELECT * FROM batches WHERE id = ?'),
    states: db.prepare('SELECT state, count(*) AS n FROM batch_requests WHERE batch_seq = ? GROUP BY state'),
    page: db.prepare('SELECT * FROM batches WHERE endpoint = ? ORDER BY seq DESC LIMIT ? OFFSET ?'),
    count: db.prepare('SELECT count(*) AS n FROM batches WHERE endpoint = ?'),
    countActive: db.prepare(
      `SELECT count(*) AS n FROM batches b WHERE endpoint = ? AND (b.status = 'DRAFT'
         OR EXISTS (SELECT 1 FROM batch_requests r WHERE r.batch_seq = b.seq AND ${open}))`,
    ),
    countWaiting: db.prepare(
      `SELECT count(*) AS n FROM batches b JOIN batch_requests r ON r.batch_seq = b.seq
       WHERE b.endpoint = ? AND b.status = 'FINALIZED' AND r.state = 'WAITING'`,
    ),
    request: db.prepare(`SELECT r.* ${withBatch} WHERE b.id = ? AND r.id = ?`),
    requests: db.prepare(`SELECT r.* ${withBatch} WHERE b.id = ? ORDER BY r.seq LIMIT ? OFFSET ?`),
    waiting: db.prepare(
      // In this order: finalized batches are few, and requests of drafts wait too.
      `SELECT r.id, r.body, b.id AS batch_id, b.endpoint, b.key_id FROM batches b CROSS JOIN batch_requests r ON r.batch_seq = b.seq
       WHERE b.status = 'FINALIZED' AND r.state = 'WAITING' ORDER BY b.seq, r.seq LIMIT ?`,
    ),
    submitted: db.prepare(
      `UPDATE batch_requests SET state = 'SUBMITTED', job_id = ?, body = NULL WHERE id = ? AND state = 'WAITING'`,
    ),
    openJobs: db.prepare(
      `SELECT r.job_id, b.id AS batch_id, b.status ${withBatch} WHERE r.state = 'SUBMITTED' ORDER BY r.seq`,
    ),
    endJob: db.prepare(
      `UPDATE batch_requests SET state = ?, started_at = ?, completed_at = ?, output = ?, error = ? WHERE job_id = ?`,
    ),
    endRequest: db.prepare(
      `UPDATE batch_requests SET state = ?, started_at = ?, completed_at = ?, output = ?, error = ?, body = NULL
       WHERE id = ? AND state = 'WAITING'`,
    ),
    // Only while its job has it: what nobody has any more may be deleted at any time.
    keepValue: db.prepare(
      `UPDATE large_values SET request = (SELECT seq FROM batch_requests WHERE job_id = ?1)
       WHERE key = ?2 AND (seq IS NOT NULL OR request = (SELECT seq FROM batch_requests WHERE job_id = ?1))`,
    ),
    freeValue: db.prepare(
      'UPDATE large_values SET request = NULL WHERE request = (SELECT seq FROM batch_requests WHERE job_id = ?)',
    ),
    freeValues: db.prepare(
      `UPDATE large_values SET request = NULL
       WHERE request IN (SELECT seq FROM batch_requests WHERE batch_seq = ?)`,
    ),
    reopen: db.prepare(
      `UPDATE batch_requests SET state = 'SUBMITTED', started_at = NULL, completed_at = NULL, output = NULL, error = NULL
       WHERE job_id = ?`,
    ),
    batchOfJob: db.prepare(`SELECT r.job_id, b.id AS batch_id, b.status ${withBatch} WHERE r.job_id = ?`),
    setStatus: db.prepare('UPDATE batches SET status = ?, error = ? WHERE seq = ?'),
    setName: db.prepare('UPDATE batches SET name = ? WHERE seq = ?'),
    endWaiting: db.prepare(
      `UPDATE batch_requests SET state = ?, completed_at = ?, error = ?, body = NULL
       WHERE batch_seq = ? AND state = 'WAITING'`,
    ),
    removeRequest: db.prepare('DELETE FROM batch_requests WHERE batch_seq = ? AND id = ?'),
    removeRequests: db.prepare('DELETE FROM batch_requests WHERE batch_seq = ?'),
    remove: db.prepare('DELETE FROM batches WHERE seq = ?'),
  };
}
