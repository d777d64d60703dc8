-- Attempts that were handed to a serverless endpoint elsewhere: written before the submit, so that a restart forgets none.

CREATE TABLE remote_attempts (
  -- The lease's holder; one for each attempt.
  worker_id TEXT PRIMARY KEY,
  job_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  remote_endpoint TEXT NOT NULL,
  -- JSON {code, message}: why it was routed so.
  reason TEXT NOT NULL,
  -- open: it goes on. cancel: it counts no more, and is to be cancelled there. unseen: a submit went out whose answer
  -- never came; what it may have started counts for nothing. over: nothing is left to do.
  state TEXT NOT NULL,
  -- Its job's id there; null until the submit was answered.
  remote_id TEXT,
  routed_at INTEGER NOT NULL,
  submitted_at INTEGER,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX remote_attempts_job ON remote_attempts (job_id);
CREATE INDEX remote_attempts_left ON remote_attempts (state) WHERE state IN ('open', 'cancel');
