-- Short-lived rights of pages that have no key, and which artifacts are theirs.
CREATE TABLE upload_tokens (
  id TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  -- Id of the key that made it; what comes by the token belongs to that key.
  issuer TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  -- Tokens for one visitor share uploads and jobs.
  visitor TEXT NOT NULL,
  max_bytes INTEGER NOT NULL,
  max_artifacts INTEGER NOT NULL,
  max_jobs INTEGER NOT NULL,
  -- Submitted so far.
  jobs INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- Of a page's artifact: who else of that key's visitors does not see it.
ALTER TABLE artifacts ADD COLUMN visitor TEXT;
-- The endpoint whose workers may read it.
ALTER TABLE artifacts ADD COLUMN endpoint TEXT;
-- As its uploader said.
ALTER TABLE artifacts ADD COLUMN sha256 TEXT;

DROP INDEX artifacts_resume;
CREATE UNIQUE INDEX artifacts_resume ON artifacts (owner, coalesce(visitor, ''), resume_key)
  WHERE ready_at IS NULL AND resume_key IS NOT NULL;
CREATE INDEX artifacts_newest ON artifacts (created_at DESC, id);
