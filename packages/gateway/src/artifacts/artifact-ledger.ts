import { GatewayError } from '../errors.ts';

/** Bounds of what is kept, in bytes; absent where there is none. */
export interface ArtifactQuota {
  readonly totalBytes?: number;
  readonly perKeyBytes?: number;
  /** Of the files of one endpoint's workers. */
  readonly perEndpointBytes?: number;
  readonly perArtifactBytes?: number;
}

export interface ArtifactUsage {
  /** Of all that is kept. */
  readonly bytes: number;
  readonly artifacts: number;
  /** Inputs and outputs of jobs that are too long for a row. */
  readonly values: number;
  readonly valueBytes: number;
}

/** Who takes up room, and how much. */
export interface Claim {
  /** A key's id, or an endpoint's name. */
  readonly owner: string;
  /** It is a file of the endpoint's workers, which is nobody's key's. */
  readonly isEndpoint?: boolean;
  readonly visitor?: string | undefined;
  readonly sizeBytes: number;
  /** Of the file whose place it takes; absent where there is none. */
  readonly replacedBytes?: number | undefined;
  /** Of an upload token, for its visitor. */
  readonly allowance?: { readonly maxBytes: number; readonly maxArtifacts: number } | undefined;
}

/** What is kept already, as it stands in the records. */
export interface KnownUsage extends Partial<ArtifactUsage> {
  readonly owner: string;
  readonly isEndpoint?: boolean;
  readonly visitor?: string | undefined;
}

type Owner = Pick<Claim, 'owner' | 'isEndpoint' | 'visitor'>;

const NOTHING: ArtifactUsage = { bytes: 0, artifacts: 0, values: 0, valueBytes: 0 };

export type ArtifactLedger = ReturnType<typeof createArtifactLedger>;

/**
 * How much is kept in all, by key, by visitor, and by the workers of each endpoint. An upload counts with all of its announced bytes from its first call on:
 * what was begun can be finished, and two that begin at once don't both get the last room.
 */
export function createArtifactLedger(known: Iterable<KnownUsage>, quota: ArtifactQuota) {
  let total = NOTHING;
  const owners = new Map<string, ArtifactUsage>();
  const endpoints = new Map<string, ArtifactUsage>();
  const visitors = new Map<string, ArtifactUsage>();

  function note({ owner, isEndpoint, visitor }: Owner, more: Partial<ArtifactUsage>): void {
    total = sum(total, more);
    addTo(isEndpoint ? endpoints : owners, owner, more);
    if (visitor !== undefined) addTo(visitors, visitor, more);
  }
  for (const one of known) note(one, one);
  const add = (claim: Claim): void => {
    const { sizeBytes, replacedBytes } = claim;
    const artifacts = replacedBytes === undefined ? 1 : 0;
    note(claim, { bytes: sizeBytes - (replacedBytes ?? 0), artifacts });
  };

  const of = (owner: string) => owners.get(owner) ?? NOTHING;
  const ofVisitor = (visitor: string) => visitors.get(visitor) ?? NOTHING;

  /** Throws QUOTA_EXCEEDED or STORAGE_FULL. */
  function refuseFull({ owner, isEndpoint, sizeBytes, replacedBytes = 0 }: Claim): void {
    const { perKeyBytes, perEndpointBytes, totalBytes } = quota;
    const usedBy = (usage: ArtifactUsage) => ({ used: usage.bytes - replacedBytes, sizeBytes });
    if (isEndpoint && perEndpointBytes !== undefined) {
      const usage = endpoints.get(owner) ?? NOTHING;
      refuseOver('QUOTA_EXCEEDED', WORKERS, { limit: perEndpointBytes, ...usedBy(usage) });
    }
    if (!isEndpoint && perKeyBytes !== undefined)
      refuseOver('QUOTA_EXCEEDED', KEY, { limit: perKeyBytes, ...usedBy(of(owner)) });
    if (totalBytes !== undefined) refuseOver('STORAGE_FULL', ALL, { limit: totalBytes, ...usedBy(total) });
  }

  return {
    quota,
    of,
    ofVisitor,
    total: (): ArtifactUsage => total,
    /** Takes the room. Throws PAYLOAD_TOO_LARGE, QUOTA_EXCEEDED or STORAGE_FULL with what to do. */
    claim(claim: Claim): void {
      const { visitor, sizeBytes, allowance } = claim;
      const { perArtifactBytes } = quota;
      if (perArtifactBytes !== undefined && sizeBytes > perArtifactBytes) {
        const sentence = `sizeBytes: one artifact may have ${text(perArtifactBytes)} (artifacts.quota.perArtifact), this has ${text(sizeBytes)}; send less, or have the limit raised`;
        throw new GatewayError('PAYLOAD_TOO_LARGE', sentence);
      }
      if (allowance && visitor !== undefined) refuseVisitor(allowance, ofVisitor(visitor), sizeBytes);
      refuseFull(claim);
      add(claim);
    },
    /** Takes the room whatever the quotas say. */
    add,
    release: (claim: Owner & Pick<Claim, 'sizeBytes'>): void =>
      note(claim, { bytes: -claim.sizeBytes, artifacts: -1 }),
    /** The same for inputs and outputs of jobs, which are no artifacts and fill the same room. */
    values: {
      claim({ owner, sizeBytes }: Pick<Claim, 'owner' | 'sizeBytes'>): void {
        refuseFull({ owner, sizeBytes });
        note({ owner }, { bytes: sizeBytes, values: 1, valueBytes: sizeBytes });
      },
      release: ({ owner, sizeBytes }: Pick<Claim, 'owner' | 'sizeBytes'>): void =>
        note({ owner }, { bytes: -sizeBytes, values: -1, valueBytes: -sizeBytes }),
    },
  };
}

const KEY = {
  who: 'the artifacts of this key and the large values of its jobs (artifacts.quota.perKey)',
  fix: 'delete some (`spillway storage list`, DELETE /v1/artifacts/{id}, DELETE /v1/jobs/{id}), or have the limit raised',
};
const WORKERS = {
  who: "the files of this endpoint's workers (artifacts.quota.perEndpoint)",
  fix: 'wait until the retention of some is over, or have the limit raised',
};
const ALL = {
  who: 'all artifacts of this gateway and the large values of its jobs (artifacts.quota.total)',
  fix: 'have some deleted, wait until their retention is over, or have the limit raised',
};

function refuseVisitor(
  { maxBytes, maxArtifacts }: NonNullable<Claim['allowance']>,
  used: ArtifactUsage,
  sizeBytes: number,
): void {
  const who = 'the uploads of this upload token (its maxBytes)';
  const fix = 'delete one of them, or ask for a token with more';
  refuseOver('QUOTA_EXCEEDED', { who, fix }, { limit: maxBytes, used: used.bytes, sizeBytes });
  if (used.artifacts < maxArtifacts) return;
  const sentence = `this upload token may have ${maxArtifacts} uploads at a time (its maxArtifacts) and has ${used.artifacts}; ${fix}`;
  throw new GatewayError('QUOTA_EXCEEDED', sentence);
}

function refuseOver(
  code: 'QUOTA_EXCEEDED' | 'STORAGE_FULL',
  { who, fix }: { who: string; fix: string },
  { limit, used, sizeBytes }: { limit: number; used: number; sizeBytes: number },
): void {
  if (used + sizeBytes <= limit) return;
  const free = Math.max(0, limit - used);
  throw new GatewayError(
    code,
    `${who} may have ${text(limit)}: ${text(used)} are used, ${text(free)} are free, this has ${text(sizeBytes)}; ${fix}`,
  );
}

/** To the byte where it is small, else as people read it, with the exact number. */
function text(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = '';
  for (const next of units) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return unit === '' ? `${bytes} bytes` : `${value.toFixed(1)} ${unit} (${bytes} bytes)`;
}

function addTo(map: Map<string, ArtifactUsage>, name: string, more: Partial<ArtifactUsage>): void {
  const after = sum(map.get(name) ?? NOTHING, more);
  if (after.artifacts <= 0 && after.values <= 0) map.delete(name);
  else map.set(name, after);
}

function sum(before: ArtifactUsage, more: Partial<ArtifactUsage>): ArtifactUsage {
  return {
    bytes: before.bytes + (more.bytes ?? 0),
    artifacts: before.artifacts + (more.artifacts ?? 0),
    values: before.values + (more.values ?? 0),
    valueBytes: before.valueBytes + (more.valueBytes ?? 0),
  };
}
