-- A job's row is written at every step, so it gets small: inputs and outputs stand apart, each written once at the end
-- of its table, and what only the running gateway needs (when a lease ends) is kept by it alone. Counters of jobs that
-- have not ended are kept too, so that a start over a million queued jobs counts none of them.

CREATE TABLE job_inputs (
  seq INTEGER PRIMARY KEY,
  input TEXT NOT NULL,
  extras TEXT
) STRICT;

CREATE TABLE job_outputs (
  seq INTEGER PRIMARY KEY,
  output TEXT NOT NULL
) STRICT;

-- Progress that is too long for the row.
CREATE TABLE job_progress (
  seq INTEGER PRIMARY KEY,
  progress TEXT NOT NULL
) STRICT;

INSERT INTO job_inputs
  SELECT seq, coalesce(input, (SELECT value FROM job_values v WHERE v.seq = jobs.seq AND kind = 'input'), '{}'),
    coalesce(extras, (SELECT value FROM job_values v WHERE v.seq = jobs.seq AND kind = 'extras')) FROM jobs;
INSERT INTO job_outputs SELECT seq, output FROM jobs WHERE output IS NOT NULL;
INSERT INTO job_outputs SELECT seq, value FROM job_values WHERE kind = 'output';
INSERT INTO job_progress SELECT seq, value FROM job_values WHERE kind = 'progress';
DROP TABLE job_values;

ALTER TABLE counters ADD COLUMN in_queue INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN ready INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN low_priority_ready INTEGER NOT NULL DEFAULT 0;
ALTER TABLE counters ADD COLUMN in_progress INTEGER NOT NULL DEFAULT 0;

INSERT INTO counters (endpoint, completed, failed, retried, in_queue, ready, low_priority_ready, in_progress)
  SELECT endpoint, 0, 0, 0, sum(status = 'IN_QUEUE'), sum(status = 'IN_QUEUE' AND ready = 1),
    sum(status = 'IN_QUEUE' AND ready = 1 AND is_low_priority = 1), sum(status = 'IN_PROGRESS')
  FROM jobs WHERE due_at IS NOT NULL GROUP BY endpoint
  ON CONFLICT (endpoint) DO UPDATE SET in_queue = excluded.in_queue, ready = excluded.ready,
    low_priority_ready = excluded.low_priority_ready, in_progress = excluded.in_progress;

-- `seq` is given by the gateway, and is the order of submits.
CREATE TABLE lean_jobs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  endpoint TEXT NOT NULL,
  status TEXT NOT NULL,
  -- 0 while a delay or a retry's back-off holds it; takes look at ready jobs only.
  ready INTEGER NOT NULL,
  is_suspect INTEGER NOT NULL,
  is_low_priority INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  -- JSON list of texts; null means none. Searched through job_tags.
  tags TEXT,
  created_at INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  available_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- When time alone could end it in the queue; null otherwise.
  due_at INTEGER,
  execution_timeout_ms INTEGER NOT NULL,
  retry_worker_lost INTEGER NOT NULL,
  retry_handler_error INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lost_count INTEGER NOT NULL,
  handler_error_count INTEGER NOT NULL,
  worker_id TEXT,
  started_at INTEGER,
  finished_at INTEGER,
  -- Of the last lease; they count while the job is IN_PROGRESS.
  lease_wire_id TEXT,
  lease_deadline_at INTEGER,
  lease_ms INTEGER,
  webhook TEXT,
  error TEXT,
  progress TEXT,
  drained INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO lean_jobs
  SELECT seq, id, endpoint, status, ready, is_suspect, is_low_priority, priority, tags, created_at, queued_at,
    available_at, expires_at, iif(status = 'IN_QUEUE', due_at, NULL), execution_timeout_ms, retry_worker_lost,
    retry_handler_error, attempt, lost_count, handler_error_count, worker_id, started_at, finished_at, lease_wire_id,
    lease_deadline_at, lease_ms, webhook, error, progress, drained FROM jobs;
DROP TABLE jobs;
ALTER TABLE lean_jobs RENAME TO jobs;

CREATE INDEX jobs_ready ON jobs (endpoint, priority DESC, seq) WHERE status = 'IN_QUEUE' AND ready = 1;
CREATE INDEX jobs_delayed ON jobs (available_at) WHERE status = 'IN_QUEUE' AND ready = 0;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_running ON jobs (seq) WHERE status = 'IN_PROGRESS';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
