import type { DatabaseSync } from 'node:sqlite';

/**
 * The newest time that any job carries, 0 where there is none. Engine time goes on from there, so that jobs of before
 * don't lie in the future after the wall clock was set back while nobody ran. Reads indexes only.
 */
export function readNewestTime(db: DatabaseSync): number {
  const row = db
    .prepare(
      `SELECT max(at) AS at FROM (
         SELECT created_at AS at FROM (SELECT created_at FROM jobs ORDER BY seq DESC LIMIT 1)
         UNION ALL
         SELECT max(finished_at) FROM jobs WHERE finished_at IS NOT NULL
         UNION ALL
         SELECT max(started_at) FROM jobs WHERE status = 'IN_PROGRESS')`,
    )
    .get();
  return Number(row?.at ?? 0);
}
