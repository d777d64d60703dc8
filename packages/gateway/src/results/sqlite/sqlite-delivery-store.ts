import type { DatabaseSync } from 'node:sqlite';
import { runNow, type Turn } from '../../lib/turn.ts';
import type { Delivery, DeliveryStore, DeliveryTry } from '../delivery.ts';

/** Tries kept of one delivery. */
const LOG_LENGTH = 20;

/** Deliveries in the file of the jobs; `inTurn` writes when the job store does not. */
export function createSqliteDeliveryStore(db: DatabaseSync, inTurn: Turn = runNow): DeliveryStore {
  const sql = {
    due: db.prepare(
      'SELECT * FROM deliveries WHERE next_at IS NOT NULL AND next_at <= ? ORDER BY next_at LIMIT ?',
    ),
    nextAt: db.prepare('SELECT min(next_at) AS at FROM deliveries WHERE next_at IS NOT NULL'),
    ofJob: db.prepare('SELECT * FROM deliveries WHERE job_id = ? ORDER BY id'),
    byId: db.prepare('SELECT * FROM deliveries WHERE id = ?'),
    record: db.prepare(
      'UPDATE deliveries SET tries = tries + 1, log = ?, next_at = ?, delivered_at = coalesce(?, delivered_at) WHERE id = ?',
    ),
    redeliver: db.prepare('UPDATE deliveries SET next_at = ?, tries = 0 WHERE id = ?'),
  };
  return {
    due: (now, limit) => sql.due.all(now, limit).map(deliveryOf),
    nextAt: () => {
      const at = sql.nextAt.get()?.at;
      return at === null || at === undefined ? undefined : Number(at);
    },
    ofJob: (jobId) => sql.ofJob.all(jobId).map(deliveryOf),
    get: (id) => {
      const row = sql.byId.get(id);
      return row && deliveryOf(row);
    },
    record: (id, one, { nextAt, deliveredAt }) =>
      inTurn(() => {
        const row = sql.byId.get(id);
        if (!row) return;
        const log = [...deliveryOf(row).log, one].slice(-LOG_LENGTH);
        sql.record.run(JSON.stringify(log), nextAt ?? null, deliveredAt ?? null, id);
      }),
    redeliver: (id, now) => inTurn(() => sql.redeliver.run(now, id).changes > 0),
  };
}

function deliveryOf(row: Record<string, unknown>): Delivery {
  return {
    id: Number(row.id),
    jobId: String(row.job_id),
    endpoint: String(row.endpoint),
    url: String(row.url),
    createdAt: Number(row.created_at),
    ...(row.next_at === null ? {} : { nextAt: Number(row.next_at) }),
    ...(row.delivered_at === null ? {} : { deliveredAt: Number(row.delivered_at) }),
    ...(typeof row.body === 'string' ? { body: row.body } : {}),
    log: JSON.parse(String(row.log)) as DeliveryTry[],
  };
}
