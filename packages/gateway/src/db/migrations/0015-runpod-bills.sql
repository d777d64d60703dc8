-- What RunPod bills for its endpoints, hour by hour. Read again, an hour replaces what was known of it.
CREATE TABLE usage_bills (
  remote_endpoint TEXT NOT NULL,
  -- Start of the hour.
  at INTEGER NOT NULL,
  micros INTEGER NOT NULL,
  PRIMARY KEY (remote_endpoint, at)
) STRICT, WITHOUT ROWID;

-- How far these bills are known.
CREATE TABLE usage_bill_reads (
  remote_endpoint TEXT PRIMARY KEY,
  -- The endpoint that shows its line.
  endpoint TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
