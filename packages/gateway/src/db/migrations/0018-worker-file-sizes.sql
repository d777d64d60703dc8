-- What each file of workers counts for in quotas. Those of before are looked at by the next sweep.
ALTER TABLE worker_files ADD COLUMN counted_bytes INTEGER NOT NULL DEFAULT 0;
-- From when on it is to be looked at how large it really is, such as when a URL for writing it has expired.
ALTER TABLE worker_files ADD COLUMN look_at INTEGER;
UPDATE worker_files SET look_at = 0;

CREATE INDEX worker_files_look ON worker_files (look_at) WHERE look_at IS NOT NULL;
