-- Inputs and outputs that are too long for a row: their bytes are where artifacts are, and the row of the value names
-- one. Each is written here before its bytes are written anywhere, so that a crash leaves none that nobody knows.
CREATE TABLE large_values (
  key TEXT PRIMARY KEY,
  -- Its job; null before the job is on disk, and once it has no use for it: then it is to be deleted.
  seq INTEGER,
  size_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX large_values_seq ON large_values (seq);
