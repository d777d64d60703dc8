-- Files that the workers of an endpoint keep under keys of their own; the bytes are where artifacts are.
CREATE TABLE worker_files (
  key TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  -- Of an upload in parts that is under way.
  upload_id TEXT,
  size_bytes INTEGER,
  part_size_bytes INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX worker_files_expire ON worker_files (expires_at);
