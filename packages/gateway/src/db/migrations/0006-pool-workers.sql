-- Whose the ids of connected workers are that the gateway did not start, so that a restart gives them to nobody else.

CREATE TABLE pool_workers (
  worker_id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  -- The key with which it came.
  key_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
