import { createHash, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';

export const SCOPES = ['client', 'worker', 'viewer', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key as it is shown: never with its secret. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  /** Endpoints it is limited to; absent means all. */
  readonly endpoints?: readonly string[];
  readonly createdAt: number;
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export type KeyStore = ReturnType<typeof createKeyStore>;

/** Keys of callers. Only their SHA-256 is stored; the secret is shown once, when the key is made. */
export function createKeyStore(db: DatabaseSync, { clock, ids }: { clock: Clock; ids: Ids }) {
  const all = db.prepare('SELECT * FROM keys ORDER BY created_at, id');
  const insert = db.prepare('INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM keys WHERE id = ?');
  const byHash = db.prepare('SELECT * FROM keys WHERE sha256 = ?');

  return {
    list: (): readonly KeyRecord[] => all.all().map(recordOf),
    create(key: { name: string; scope: Scope; endpoints?: readonly string[] }): {
      record: KeyRecord;
      secret: string;
    } {
      const secret = `spk_${ids.secret(24)}`;
      const record: KeyRecord = { ...key, id: ids.short(10), createdAt: clock.now() };
      const endpoints = record.endpoints ? JSON.stringify(record.endpoints) : null;
      insert.run(
        record.id,
        record.name,
        record.scope,
        endpoints,
        sha256(secret).toString('hex'),
        record.createdAt,
      );
      return { record, secret };
    },
    /** False when there is no such key. */
    remove: (id: string): boolean => remove.run(id).changes > 0,
    /** The key with this secret. The look-up is by hash, so its time tells nothing of other secrets. */
    find(secret: string): KeyRecord | undefined {
      const digest = sha256(secret);
      const row = byHash.get(digest.toString('hex'));
      if (!row || !timingSafeEqual(digest, Buffer.from(String(row.sha256), 'hex'))) return undefined;
      return recordOf(row);
    },
  };
}

function recordOf(row: Record<string, unknown>): KeyRecord {
  const record = {
    id: String(row.id),
    name: String(row.name),
    scope: String(row.scope) as Scope,
    createdAt: Number(row.created_at),
  };
  return typeof row.endpoints === 'string'
    ? { ...record, endpoints: JSON.parse(row.endpoints) as string[] }
    : record;
}
