-- Batches of requests. Results are kept here until the batch is deleted, longer than the jobs that brought them.

CREATE TABLE batches (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  endpoint TEXT NOT NULL,
  name TEXT,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  error TEXT
) STRICT;
CREATE INDEX batches_endpoint ON batches (endpoint, seq);
CREATE INDEX batches_finalized ON batches (seq) WHERE status = 'FINALIZED';

CREATE TABLE batch_requests (
  -- The order in which they were added.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  batch_seq INTEGER NOT NULL REFERENCES batches (seq),
  id TEXT NOT NULL UNIQUE,
  -- WAITING: no job yet. SUBMITTED: its job tells. Else how the job ended.
  state TEXT NOT NULL,
  -- What to submit, as it arrived; null once it is a job.
  body TEXT,
  job_id TEXT,
  started_at INTEGER,
  completed_at INTEGER,
  output TEXT,
  error TEXT
) STRICT;
CREATE INDEX batch_requests_batch ON batch_requests (batch_seq, seq);
-- Counts without reading the rows, which hold the values.
CREATE INDEX batch_requests_state ON batch_requests (batch_seq, state);
-- What is to be done next, and what is to be followed after a restart.
CREATE INDEX batch_requests_waiting ON batch_requests (batch_seq, seq) WHERE state = 'WAITING';
CREATE INDEX batch_requests_submitted ON batch_requests (seq) WHERE state = 'SUBMITTED';
CREATE UNIQUE INDEX batch_requests_job ON batch_requests (job_id) WHERE job_id IS NOT NULL;
