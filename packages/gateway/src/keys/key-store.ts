import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { KeyScope } from '@spillway/protocol/v1';
import type { Clock } from '@spillway/sdk/clock';
import type { Ids } from '../lib/ids.ts';

export type Scope = KeyScope;

/** A key as it is shown: never with its secret. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scope: Scope;
  /** Endpoints it is limited to; absent means all. */
  readonly endpoints?: readonly string[];
  readonly createdAt: number;
  /** It is good until then; absent means for ever. */
  readonly expiresAt?: number;
  /** To the minute; absent when it was never used. */
  readonly lastUsedAt?: number;
}

export type NewKey = Pick<KeyRecord, 'name' | 'scope' | 'endpoints' | 'expiresAt'>;

/** Every use would be a write; so coarse is enough to see which keys are idle. */
const USE_NOTED_EVERY_MS = 60_000;

const digests = new Map<string, Digest>();
const MOST_DIGESTS = 1_000;
const LONGEST_SECRET_CHARS = 256;

export interface Digest {
  readonly bytes: Buffer;
  readonly hex: string;
}

/** Remembered for the last keys that were sent, since every request of a worker brings the same one. */
export function sha256(text: string): Digest {
  const known = digests.get(text);
  if (known) return known;
  const bytes = createHash('sha256').update(text).digest();
  const digest = { bytes, hex: bytes.toString('hex') };
  if (text.length > LONGEST_SECRET_CHARS) return digest;
  if (digests.size >= MOST_DIGESTS) digests.clear();
  digests.set(text, digest);
  return digest;
}

export type KeyStore = ReturnType<typeof createKeyStore>;

/**
 * Keys of callers. Only their SHA-256 is stored; the secret is shown once, when the key is made. All are kept in memory
 * too, since every call looks one up; this gateway alone writes them.
 */
export function createKeyStore(db: DatabaseSync, { clock, ids }: { clock: Clock; ids: Ids }) {
  const insert = db.prepare(
    `INSERT INTO keys (id, name, scope, endpoints, sha256, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare('DELETE FROM keys WHERE id = ?');
  const used = db.prepare('UPDATE keys SET last_used_at = ? WHERE id = ?');
  const byHash = new Map<string, KeyRecord>();
  for (const row of db.prepare('SELECT * FROM keys ORDER BY created_at, id').iterate())
    byHash.set(String(row.sha256), recordOf(row));

  return {
    list: (): readonly KeyRecord[] => [...byHash.values()],
    /** `createdAt`: the time from which its caller counted how long it is good for. */
    create(key: NewKey, createdAt = clock.now()): { record: KeyRecord; secret: string } {
      const secret = `spk_${ids.secret(24)}`;
      const record: KeyRecord = { ...key, id: ids.short(10), createdAt };
      const { id, name, scope, expiresAt = null } = record;
      const endpoints = record.endpoints ? JSON.stringify(record.endpoints) : null;
      const hash = sha256(secret).hex;
      insert.run(id, name, scope, endpoints, hash, createdAt, expiresAt);
      byHash.set(hash, record);
      return { record, secret };
    },
    /** False when there is no such key. */
    remove(id: string): boolean {
      for (const [hash, record] of byHash) if (record.id === id) byHash.delete(hash);
      return remove.run(id).changes > 0;
    },
    /** The key with this secret, expired or not. The look-up is by hash, so its time tells nothing of other secrets. */
    find: (secret: string): KeyRecord | undefined => byHash.get(sha256(secret).hex),
    isExpired: ({ expiresAt }: KeyRecord): boolean => expiresAt !== undefined && expiresAt <= clock.now(),
    /** The key was used. */
    noteUse(record: KeyRecord): void {
      const now = clock.now();
      if (record.lastUsedAt !== undefined && now - record.lastUsedAt < USE_NOTED_EVERY_MS) return;
      for (const [hash, one] of byHash)
        if (one.id === record.id) byHash.set(hash, { ...one, lastUsedAt: now });
      try {
        used.run(now, record.id);
      } catch {
        // A full disk must not shut callers out; the time in memory goes on.
      }
    },
  };
}

function recordOf(row: Record<string, unknown>): KeyRecord {
  return {
    id: String(row.id),
    name: String(row.name),
    scope: String(row.scope) as Scope,
    ...(typeof row.endpoints === 'string' ? { endpoints: JSON.parse(row.endpoints) as string[] } : {}),
    createdAt: Number(row.created_at),
    ...(row.expires_at === null ? {} : { expiresAt: Number(row.expires_at) }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: Number(row.last_used_at) }),
  };
}
