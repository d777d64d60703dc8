-- What is known of artifacts besides their bytes, which are on disk or in a bucket.
CREATE TABLE artifacts (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  -- Whose key made it; nobody else but an admin sees it.
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  -- Absent while it is being uploaded.
  ready_at INTEGER,
  -- When it is forgotten.
  expires_at INTEGER NOT NULL,
  -- Of an upload in parts.
  upload_id TEXT,
  part_size_bytes INTEGER,
  -- Chosen by the client: the same one finds the unfinished upload again.
  resume_key TEXT
) STRICT;

CREATE INDEX artifacts_expire ON artifacts (expires_at);
CREATE UNIQUE INDEX artifacts_resume ON artifacts (owner, resume_key) WHERE ready_at IS NULL AND resume_key IS NOT NULL;
