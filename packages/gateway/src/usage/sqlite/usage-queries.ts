/** Looks at usage that may walk over many rows; they run beside the thread of the jobs. */
const DAY_MS = 86_400_000;

/** Of jobs and attempts: asked for, and not told by a row of their own. */
const isAsked = (endpoint: string, key: string, tags: string) => `(?3 IS NULL OR ${endpoint} = ?3)
  AND (?4 IS NULL OR ${endpoint} IN (SELECT value FROM json_each(?4))) AND (?5 IS NULL OR ${key} = ?5)
  AND (?6 IS NULL OR (${tags} <> '' AND ?6 IN (SELECT value FROM json_each(${tags}))))`;

const ofJob = isAsked('j.endpoint', "coalesce(j.key_id, '')", "coalesce(j.tags, '')");
const isNoRow = (number: string) =>
  `NOT EXISTS (SELECT 1 FROM usage_attempts u WHERE u.job_id = j.id AND u.number = ${number})`;
const JOB_COLUMNS = `j.endpoint, coalesce(j.key_id, ''), coalesce(j.tags, '')`;

/**
 * `entries`: every attempt that ended at ?1 or later and before ?2, of an endpoint (?3, one of ?4), a key (?5), a tag
 * (?6): those that cost something, those that cost nothing, by their jobs' rows, and the sums of those whose jobs are
 * deleted. One statement, so that none is missed or counted twice while jobs are being deleted.
 */
export const ENTRIES = `WITH entries (endpoint, key_id, tags, day, attempts, completed, ms, seconds, unpriced, cost) AS (
  SELECT u.endpoint, u.key_id, u.tags, u.ended_at / ${DAY_MS}, 1, u.outcome = 'completed', u.busy_ms,
    iif(u.cost_micros IS NULL, 0, u.seconds), u.cost_micros IS NULL, coalesce(u.cost_micros, 0)
  FROM usage_attempts u WHERE u.ended_at >= ?1 AND u.ended_at < ?2 AND ${isAsked('u.endpoint', 'u.key_id', 'u.tags')}
  UNION ALL
  SELECT d.endpoint, d.key_id, d.tags, d.day, d.attempts, d.completed, d.busy_ms, 0, 0, 0
  FROM usage_days d WHERE d.day * ${DAY_MS} >= ?1 AND d.day * ${DAY_MS} < ?2 AND ${isAsked('d.endpoint', 'd.key_id', 'd.tags')}
  UNION ALL
  SELECT ${JOB_COLUMNS}, j.finished_at / ${DAY_MS}, 1, 1, j.finished_at - j.started_at, 0, 0, 0
  FROM jobs j WHERE j.finished_at >= ?1 AND j.finished_at < ?2 AND j.status = 'COMPLETED' AND j.started_at IS NOT NULL
    AND ${ofJob} AND ${isNoRow('j.attempt')}
  UNION ALL
  SELECT ${JOB_COLUMNS}, a.ended_at / ${DAY_MS}, 1, 0, a.ended_at - a.started_at, 0, 0, 0
  FROM attempts a JOIN jobs j ON j.seq = a.seq WHERE a.ended_at >= ?1 AND a.ended_at < ?2
    AND NOT (j.status = 'COMPLETED' AND a.number = j.attempt) AND ${ofJob} AND ${isNoRow('a.number')}
)`;

/**
 * The same of submits that RunPod may have taken without our hearing of it, until its bill is known up to when they have
 * ended there at the latest: what each may have cost at most. Those that RunPod named later, when they had ended, are
 * among them. ?7: execution timeouts by endpoint, for jobs that are deleted.
 */
export const UNSEEN = `WITH entries (endpoint, key_id, tags, day, unseen, possible) AS (
  SELECT a.endpoint, coalesce(u.key_id, ''), coalesce(u.tags, ''), a.routed_at / ${DAY_MS}, 1,
    coalesce((coalesce(j.execution_timeout_ms, t.value, 0) + 999) / 1000 * u.micros_per_hour / 3600, 0)
  FROM remote_attempts a
    LEFT JOIN usage_attempts u ON u.job_id = a.job_id AND u.number = a.number
    LEFT JOIN jobs j ON j.id = a.job_id
    LEFT JOIN json_each(?7) t ON t.key = a.endpoint
    LEFT JOIN usage_bill_reads r ON r.remote_endpoint = a.remote_endpoint
  WHERE a.submitted_at IS NULL AND (a.state = 'unseen' OR a.remote_id IS NOT NULL) AND a.routed_at >= ?1 AND a.routed_at < ?2
    AND coalesce(r.until, 0) < coalesce(j.expires_at, a.routed_at + ${DAY_MS})
    AND ${isAsked('a.endpoint', "coalesce(u.key_id, '')", "coalesce(u.tags, '')")}
)`;

export const LIVES =
  'SELECT * FROM usage_lives WHERE started_at < ?2 AND (ended_at IS NULL OR ended_at > ?1)';

export const ATTEMPTS_OF_WORKERS = `SELECT worker_id, ended_at / ${DAY_MS} AS day, sum(coalesce(cost_micros, 0)) AS cost,
  sum(busy_ms) AS ms FROM usage_attempts WHERE backend <> 'runpod' AND ended_at >= ?1 AND ended_at < ?2 GROUP BY 1, 2`;

/**
 * Attempts in one place: of an endpoint (?1), by backends of some kinds (?2), all of them or those of one endpoint at
 * RunPod, whose workers' names begin so (?3).
 */
const isPlacedAt = `u.endpoint = ?1 AND u.backend IN (SELECT value FROM json_each(?2))
  AND (?3 IS NULL OR (u.worker_id >= ?3 AND u.worker_id < ?3 || char(0x10ffff)))`;

/** Times of the last ones that brought a result; those that cost nothing are among them where ?4 is 1. */
export const LAST_TIMES = `SELECT ms FROM (
  SELECT u.busy_ms AS ms, u.ended_at FROM usage_attempts u WHERE u.outcome = 'completed' AND ${isPlacedAt}
  UNION ALL
  SELECT j.finished_at - j.started_at, j.finished_at FROM jobs j WHERE ?4 = 1 AND j.finished_at IS NOT NULL
    AND j.endpoint = ?1 AND j.status = 'COMPLETED' AND j.started_at IS NOT NULL AND ${isNoRow('j.attempt')}
  ) ORDER BY ended_at DESC LIMIT ?5`;

/** How many results and charged seconds since ?4. */
export const PLACE_SUMS = `SELECT sum(u.outcome = 'completed') AS completed, sum(u.seconds) AS seconds
  FROM usage_attempts u WHERE ${isPlacedAt} AND u.ended_at >= ?4`;

/** Results of everything that is asked for. */
export const COMPLETED = `${ENTRIES} SELECT sum(completed) AS completed FROM entries`;

/** Of attempts whose jobs are deleted and that cost nothing. */
export const DAY_SUMS = `SELECT sum(attempts) AS attempts, sum(completed) AS completed, sum(busy_ms) AS ms
  FROM usage_days WHERE endpoint = ?1 AND day >= ?2`;
