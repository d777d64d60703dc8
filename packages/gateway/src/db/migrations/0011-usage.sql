-- What work costs. An attempt at a place that costs something has a row, written with its end. One that costs nothing is
-- told by the rows of its job, and is added up per day when those are deleted.

-- Whose key submitted the job; null for the admin's key.
ALTER TABLE jobs ADD COLUMN key_id TEXT;

CREATE TABLE usage_attempts (
  job_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  -- Empty: the admin's key.
  key_id TEXT NOT NULL,
  -- JSON list, or empty.
  tags TEXT NOT NULL,
  backend TEXT NOT NULL,
  worker_id TEXT NOT NULL,
  -- The worker's id at RunPod, where it was told.
  remote_worker TEXT,
  -- What the price is for, such as ADA_24; null where nobody said.
  price_class TEXT,
  -- Millionths of a dollar for an hour; null: unknown.
  micros_per_hour INTEGER,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  -- Its share of its worker's time, and the whole seconds that it is charged for.
  busy_ms INTEGER NOT NULL,
  seconds INTEGER NOT NULL,
  cost_micros INTEGER,
  PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_attempts_endpoint ON usage_attempts (endpoint, ended_at);
CREATE INDEX usage_attempts_ended ON usage_attempts (ended_at);
CREATE INDEX usage_attempts_worker ON usage_attempts (worker_id, ended_at);

-- Lives of workers that cost something, from their start to their end, whatever they did.
CREATE TABLE usage_lives (
  worker_id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL,
  backend TEXT NOT NULL,
  micros_per_hour INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  -- When it first asked for a job.
  ready_at INTEGER,
  -- When it was last known to be there: the end of one whose gateway died.
  seen_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_lives_ended ON usage_lives (ended_at);

-- Attempts that cost nothing and whose jobs are deleted.
CREATE TABLE usage_days (
  -- Days since 1970, UTC.
  day INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  key_id TEXT NOT NULL,
  tags TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  completed INTEGER NOT NULL,
  busy_ms INTEGER NOT NULL,
  PRIMARY KEY (day, endpoint, key_id, tags)
) STRICT, WITHOUT ROWID;

-- Which thresholds of budgets were told, so that each is told once in its day or month.
CREATE TABLE budget_alerts (
  budget TEXT NOT NULL,
  period INTEGER NOT NULL,
  percent INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (budget, period, percent)
) STRICT, WITHOUT ROWID;

-- Of a webhook that tells of no job.
ALTER TABLE deliveries ADD COLUMN body TEXT;
