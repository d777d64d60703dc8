-- What was changed live of an endpoint; spillway.yaml is the base below it.

CREATE TABLE endpoint_overrides (
  endpoint TEXT PRIMARY KEY,
  -- JSON object of the changed settings.
  settings TEXT NOT NULL,
  is_paused INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
