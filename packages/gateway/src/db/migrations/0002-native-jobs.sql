-- Priorities, tags, idempotent submits, and the outbox of webhooks.

ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- JSON list of texts; null means none. Searched through job_tags.
ALTER TABLE jobs ADD COLUMN tags TEXT;

DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (endpoint, priority DESC, seq) WHERE status = 'IN_QUEUE' AND ready = 1;

CREATE TABLE job_tags (
  tag TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tag, seq)
) STRICT, WITHOUT ROWID;

-- A submit that came with an Idempotency-Key, as long as its job is kept.
CREATE TABLE idempotency (
  endpoint TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  job_id TEXT NOT NULL,
  -- SHA-256 of what was submitted: the same key with another body is a mistake.
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (endpoint, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_seq ON idempotency (seq);

-- Webhooks to deliver, written in the transaction that ends the job, so that a crash after it loses none.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  seq INTEGER NOT NULL,
  job_id TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  url TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- When to try (again); null once delivered or given up.
  next_at INTEGER,
  delivered_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  -- JSON list of {at, status?, error?, ms}, the newest last.
  log TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX deliveries_next ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_job ON deliveries (seq);
