import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import type { Ids } from '../lib/ids.ts';
import { runNow, type Turn } from '../lib/turn.ts';
import { sha256 } from './key-store.ts';

/** What a page without a key may do for a while: upload so much, submit so many jobs to one endpoint, watch these. */
export interface UploadToken {
  readonly id: string;
  /** Id of the key that made it. */
  readonly issuer: string;
  readonly endpoint: string;
  /** Tokens of one visitor see the same uploads and jobs; this token's own id where its issuer named none. */
  readonly visitor: string;
  readonly maxBytes: number;
  readonly maxArtifacts: number;
  readonly maxJobs: number;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export type NewUploadToken = Omit<UploadToken, 'id' | 'visitor' | 'createdAt'> & {
  /** Whose it is, in its issuer's words. */
  readonly visitor?: string | undefined;
};

export interface UploadTokensOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'secret' | 'short'>;
  /** Writes when the job store does not. */
  readonly inTurn?: Turn;
}

export type UploadTokens = ReturnType<typeof createUploadTokens>;

/** A job's tag: whose it is goes with the job itself, in the one write that it has anyway. */
export const tagOf = ({ visitor }: UploadToken): string => `${TAG}${visitor}`;

/** Whose page submitted a job; undefined where a key did. */
export const visitorIn = (tags: readonly string[]): string | undefined =>
  tags.find((tag) => tag.startsWith(TAG))?.slice(TAG.length);

const TAG = 'upload-token:';

/**
 * Tokens of pages. As of keys only the SHA-256 is stored, and all are in memory, since each call looks one up; unlike
 * keys they end by themselves soon, and with the key that made them.
 */
export function createUploadTokens(db: DatabaseSync, { clock, ids, inTurn = runNow }: UploadTokensOptions) {
  const sql = {
    insert: db.prepare(
      `INSERT INTO upload_tokens (id, sha256, issuer, endpoint, visitor, max_bytes, max_artifacts, max_jobs, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    remove: db.prepare('DELETE FROM upload_tokens WHERE id = ?'),
    jobs: db.prepare('UPDATE upload_tokens SET jobs = ? WHERE id = ?'),
  };
  const byHash = new Map<string, UploadToken>();
  const jobs = new Map<string, number>();
  for (const row of db.prepare('SELECT * FROM upload_tokens ORDER BY created_at, id').iterate()) {
    byHash.set(String(row.sha256), tokenOf(row));
    jobs.set(String(row.id), Number(row.jobs));
  }

  async function forget(isOver: (token: UploadToken) => boolean): Promise<number> {
    const over = [...byHash].filter(([, token]) => isOver(token));
    for (const [hash, { id }] of over) {
      byHash.delete(hash);
      jobs.delete(id);
    }
    if (over.length > 0) await inTurn(() => over.map(([, { id }]) => sql.remove.run(id)));
    return over.length;
  }

  return {
    list: (): readonly UploadToken[] => [...byHash.values()],
    /** Submitted so far. */
    jobsOf: ({ id }: UploadToken): number => jobs.get(id) ?? 0,
    /** `createdAt`: the time from which its caller counted how long it is good for. */
    async create(
      wanted: NewUploadToken,
      createdAt = clock.now(),
    ): Promise<{ token: UploadToken; secret: string }> {
      const secret = `spu_${ids.secret(24)}`;
      const id = ids.short(10);
      const token: UploadToken = { ...wanted, id, visitor: visitorOf(wanted) ?? id, createdAt };
      const { issuer, endpoint, visitor, maxBytes, maxArtifacts, maxJobs, expiresAt } = token;
      const hash = sha256(secret).hex;
      const limits = [maxBytes, maxArtifacts, maxJobs, createdAt, expiresAt];
      await inTurn(() => sql.insert.run(id, hash, issuer, endpoint, visitor, ...limits));
      byHash.set(hash, token);
      return { token, secret };
    },
    /** False when there is no such token. */
    remove: async (id: string): Promise<boolean> => (await forget((token) => token.id === id)) > 0,
    /** Those of a key that was removed end with it. */
    removeOf: (issuer: string): Promise<number> => forget((token) => token.issuer === issuer),
    /** Forgets those whose time is over; answers how many. */
    sweep: (): Promise<number> => forget(({ expiresAt }) => expiresAt <= clock.now()),
    /** The token with this secret, expired or not. The look-up is by hash, so its time tells nothing of others. */
    find: (secret: string): UploadToken | undefined => byHash.get(sha256(secret).hex),
    isExpired: ({ expiresAt }: UploadToken): boolean => expiresAt <= clock.now(),
    /** One more. Throws RATE_LIMITED once it has submitted as many as it may. */
    async countJob({ id, maxJobs }: UploadToken): Promise<void> {
      const count = (jobs.get(id) ?? 0) + 1;
      if (count > maxJobs) {
        const message = `this upload token has submitted the ${maxJobs} jobs that it may; ask for a new one`;
        throw new GatewayError('RATE_LIMITED', message);
      }
      jobs.set(id, count);
      await inTurn(() => sql.jobs.run(count, id));
    },
  };
}

/** Of what its issuer calls a visitor only a digest is kept: names of two issuers never meet, and none is shown. */
function visitorOf({ issuer, endpoint, visitor }: NewUploadToken): string | undefined {
  if (visitor === undefined) return undefined;
  const digest = createHash('sha256').update(JSON.stringify([issuer, endpoint, visitor]));
  return digest.digest('hex').slice(0, 32);
}

function tokenOf(row: Record<string, unknown>): UploadToken {
  return {
    id: String(row.id),
    issuer: String(row.issuer),
    endpoint: String(row.endpoint),
    visitor: String(row.visitor),
    maxBytes: Number(row.max_bytes),
    maxArtifacts: Number(row.max_artifacts),
    maxJobs: Number(row.max_jobs),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
  };
}
