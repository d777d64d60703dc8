import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../../lib/turn.ts';
import type { Budget } from '../budget.ts';
import type { Possible } from '../budgets.ts';
import type { WorkerLife } from '../worker-life.ts';
import { UNSEEN } from './usage-queries.ts';

/** What an attempt cost, as its job shows it. */
export interface AttemptCost {
  readonly number: number;
  readonly seconds: number;
  readonly priceClass?: string;
  /** Absent: unknown. */
  readonly costMicros?: number;
}

/** Something for the outbox of webhooks that tells of no job. */
export interface AlertDelivery {
  readonly url: string;
  readonly body: string;
}

export type UsageStore = ReturnType<typeof createUsageStore>;

/** Lives, alerts and sums in the file of the jobs; the rows of attempts are written by the job store. */
export function createUsageStore(db: DatabaseSync, inTurn: Turn = runNow) {
  const sql = prepare(db);
  return {
    begin: ({ workerId, endpoint, backend, microsPerHour, startedAt, readyAt }: WorkerLife): Promise<void> =>
      inTurn(() => {
        const values = [workerId, endpoint, backend, microsPerHour, startedAt, readyAt ?? null, startedAt];
        sql.begin.run(...values);
      }),
    ready: (workerId: string, at: number): Promise<void> =>
      inTurn(() => void sql.ready.run(at, at, workerId)),
    end: (workerId: string, at: number): Promise<void> => inTurn(() => void sql.end.run(at, at, workerId)),
    /** All that have not ended are still there. */
    seen: (at: number): Promise<void> => inTurn(() => void sql.seen.run(at)),
    /** Lives that the last gateway left open, ended when they were last seen. */
    closeLeft(): readonly WorkerLife[] {
      return sql.closeLeft.all().map(lifeOf);
    },
    /** Those that reach beyond that time. */
    livesSince: (at: number): readonly WorkerLife[] => sql.livesSince.all(at).map(lifeOf),
    ofJob: (jobId: string): readonly AttemptCost[] =>
      sql.ofJob.all(jobId).map((row) => ({
        ...{ number: Number(row.number), seconds: Number(row.seconds) },
        ...(row.price_class === null ? {} : { priceClass: String(row.price_class) }),
        ...(row.cost_micros === null ? {} : { costMicros: Number(row.cost_micros) }),
      })),
    /** What the last attempts at RunPod that brought a result cost, the newest first. */
    lastCosts: (endpoint: string, limit: number): readonly number[] =>
      sql.lastCosts.all(endpoint, limit).map((row) => Number(row.cost_micros)),
    spentSince: ({ endpoint, keyId, isOfSpill }: Budget, since: number): number => {
      const isKeys = keyId !== undefined && !isOfSpill;
      const row = sql.spent.get(since, endpoint ?? null, keyId ?? null, isKeys ? 1 : 0);
      return Number(row?.micros ?? 0);
    },
    /** What submits since then may have cost that were never answered. `timeouts`: execution timeouts by endpoint. */
    possibleSince: (since: number, timeouts: Readonly<Record<string, number>>): readonly Possible[] =>
      sql.possible
        .all(since, Number.MAX_SAFE_INTEGER, null, null, null, null, JSON.stringify(timeouts))
        .map(({ endpoint, key_id, day, micros }) => ({
          ...{ endpoint: String(endpoint), day: Number(day), micros: Number(micros) },
          ...(key_id === '' ? {} : { keyId: String(key_id) }),
        })),
    told: (budget: string, period: number): readonly number[] =>
      sql.told.all(budget, period).map((row) => Number(row.percent)),
    /** Keeps that a threshold was told, together with the webhook that tells it. */
    tell: (
      alert: {
        readonly budget: string;
        readonly period: number;
        readonly percent: number;
        readonly at: number;
      },
      delivery: AlertDelivery | undefined,
    ): Promise<void> =>
      inTurn(() => {
        const { budget, period, percent, at } = alert;
        db.exec('BEGIN IMMEDIATE');
        try {
          const { changes } = sql.tell.run(budget, period, percent, at);
          if (delivery && changes > 0) sql.deliver.run(delivery.url, at, at, delivery.body);
          db.exec('COMMIT');
        } catch (error) {
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
    dropBefore: (at: number, day: number): Promise<void> =>
      inTurn(() => {
        sql.dropAttempts.run(at);
        sql.dropLives.run(at);
        sql.dropDays.run(day);
        sql.dropAlerts.run(at);
      }),
  };
}

function prepare(db: DatabaseSync) {
  return {
    begin: db.prepare('INSERT OR REPLACE INTO usage_lives VALUES (?, ?, ?, ?, ?, ?, ?, NULL)'),
    ready: db.prepare(
      'UPDATE usage_lives SET ready_at = coalesce(ready_at, ?), seen_at = ? WHERE worker_id = ?',
    ),
    end: db.prepare('UPDATE usage_lives SET ended_at = ?, seen_at = ? WHERE worker_id = ?'),
    seen: db.prepare('UPDATE usage_lives SET seen_at = ? WHERE ended_at IS NULL'),
    closeLeft: db.prepare('UPDATE usage_lives SET ended_at = seen_at WHERE ended_at IS NULL RETURNING *'),
    livesSince: db.prepare('SELECT * FROM usage_lives WHERE ended_at IS NULL OR ended_at > ?'),
    ofJob: db.prepare(
      'SELECT number, seconds, price_class, cost_micros FROM usage_attempts WHERE job_id = ? ORDER BY number',
    ),
    lastCosts: db.prepare(
      `SELECT cost_micros FROM usage_attempts WHERE endpoint = ? AND backend = 'runpod' AND outcome = 'completed'
         AND cost_micros IS NOT NULL ORDER BY ended_at DESC LIMIT ?`,
    ),
    spent: db.prepare(
      `SELECT sum(cost_micros) AS micros FROM usage_attempts WHERE ended_at >= ?1 AND (?2 IS NULL OR endpoint = ?2)
         AND (?3 IS NULL OR key_id = ?3) AND (?4 = 1 OR backend = 'runpod')`,
    ),
    possible: db.prepare(
      `${UNSEEN} SELECT endpoint, key_id, day, sum(possible) AS micros FROM entries GROUP BY 1, 2, 3`,
    ),
    told: db.prepare('SELECT percent FROM budget_alerts WHERE budget = ? AND period = ?'),
    tell: db.prepare('INSERT OR IGNORE INTO budget_alerts VALUES (?, ?, ?, ?)'),
    deliver: db.prepare(
      `INSERT INTO deliveries (seq, job_id, endpoint, url, created_at, next_at, body) VALUES (0, '', '', ?, ?, ?, ?)`,
    ),
    dropAttempts: db.prepare('DELETE FROM usage_attempts WHERE ended_at < ?'),
    dropLives: db.prepare('DELETE FROM usage_lives WHERE ended_at < ?'),
    dropDays: db.prepare('DELETE FROM usage_days WHERE day < ?'),
    dropAlerts: db.prepare('DELETE FROM budget_alerts WHERE at < ?'),
  };
}

export function lifeOf(row: Readonly<Record<string, unknown>>): WorkerLife {
  return {
    workerId: String(row.worker_id),
    endpoint: String(row.endpoint),
    backend: String(row.backend),
    microsPerHour: Number(row.micros_per_hour),
    startedAt: Number(row.started_at),
    ...(row.ready_at === null ? {} : { readyAt: Number(row.ready_at) }),
    ...(row.ended_at === null ? {} : { endedAt: Number(row.ended_at) }),
  };
}
