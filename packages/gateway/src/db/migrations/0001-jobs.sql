-- Jobs, their finished attempts, streamed chunks and counters; keys of callers.

CREATE TABLE jobs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  endpoint TEXT NOT NULL,
  status TEXT NOT NULL,
  -- 0 while a retry backs off; takes look at ready jobs only.
  ready INTEGER NOT NULL,
  is_suspect INTEGER NOT NULL,
  is_low_priority INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  available_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- When time alone could change the job next; null for a final job.
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
  lease_wire_id TEXT,
  lease_expires_at INTEGER,
  lease_deadline_at INTEGER,
  lease_ms INTEGER,
  lease_misses INTEGER,
  webhook TEXT,
  extras TEXT,
  error TEXT,
  -- Texts as they arrived; null also when the value is large and stands in job_values.
  input TEXT,
  output TEXT,
  progress TEXT,
  drained INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX jobs_ready ON jobs (endpoint, seq) WHERE status = 'IN_QUEUE' AND ready = 1;
CREATE INDEX jobs_delayed ON jobs (available_at) WHERE status = 'IN_QUEUE' AND ready = 0;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_running ON jobs (seq) WHERE status = 'IN_PROGRESS';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Large values apart, so that a heartbeat does not rewrite them.
CREATE TABLE job_values (
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (seq, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  failure TEXT,
  PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE chunks (
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  chunk TEXT NOT NULL,
  PRIMARY KEY (seq, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  endpoint TEXT PRIMARY KEY,
  completed INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  retried INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  -- JSON list of endpoint names; null means all.
  endpoints TEXT,
  sha256 TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
