import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { type KeyRecord, type KeyStore, type Scope, sha256 } from '../keys/key-store.ts';
import type { UploadToken, UploadTokens } from '../keys/upload-tokens.ts';
import type { WorkerIdentity, WorkerKeys } from '../keys/worker-keys.ts';

/** What a row of the route table may ask for: a key's scope, or that a page with an upload token may call it, too. */
export type CallerScope = Scope | 'upload';

/** Who calls: a key of some scope, one of our own workers, or a page. */
export interface Caller {
  readonly scope: CallerScope;
  /** Absent: all endpoints. */
  readonly endpoints?: readonly string[];
  /** Which key it is, for limits and idempotency; absent for a worker of ours. */
  readonly keyId?: string;
  /** Set for a worker that this gateway started: it speaks for itself only. */
  readonly workerId?: string;
  /** Set for a page: it sees its own uploads and jobs only. */
  readonly token?: UploadToken;
}

export type Authenticate = (header: string | undefined) => Caller;

const ADMIN: Caller = { scope: 'admin', keyId: 'admin' };

/** Reads `Authorization: Bearer <key>` or the raw key. Throws UNAUTHORIZED. */
export function createAuthenticator(options: {
  adminKey: string;
  keys: KeyStore;
  workerKeys: WorkerKeys;
  uploadTokens: Pick<UploadTokens, 'find' | 'isExpired'>;
}): Authenticate {
  const { keys, workerKeys, uploadTokens } = options;
  const readHeader = createHeaderReader(options.adminKey);
  const ofWorker = memo(
    ({ endpoint, workerId }: WorkerIdentity): Caller => ({
      scope: 'worker',
      endpoints: [endpoint],
      workerId,
    }),
  );
  const ofKey = memo(
    ({ id: keyId, scope, endpoints }: KeyRecord): Caller =>
      endpoints ? { keyId, scope, endpoints } : { keyId, scope },
  );
  const ofToken = memo(
    (token: UploadToken): Caller => ({
      ...{ scope: 'upload', endpoints: [token.endpoint], keyId: `upload-token ${token.id}`, token },
    }),
  );
  /** Throws UNAUTHORIZED. Tokens end with the key that made them. */
  function readToken(secret: string): Caller {
    const token = uploadTokens.find(secret);
    if (!token) throw new GatewayError('UNAUTHORIZED', 'invalid api key');
    if (uploadTokens.isExpired(token))
      throw new GatewayError('UNAUTHORIZED', 'this upload token has expired; ask for a new one');
    return ofToken(token);
  }
  return (header) => {
    const { secret, isAdmin } = readHeader(header ?? '');
    if (isAdmin) return ADMIN;
    if (secret === '') throw new GatewayError('UNAUTHORIZED', 'no token provided');
    const worker = workerKeys.find(secret);
    if (worker) return ofWorker(worker);
    const key = keys.find(secret);
    if (!key) return readToken(secret);
    if (keys.isExpired(key)) throw new GatewayError('UNAUTHORIZED', 'this api key has expired');
    keys.noteUse(key);
    return ofKey(key);
  };
}

interface Credentials {
  /** Empty where none was sent. */
  readonly secret: string;
  readonly isAdmin: boolean;
}

const MOST_HEADERS = 1_000;
const LONGEST_HEADER_CHARS = 256;

/**
 * What a header holds, remembered for the last ones, since every request of a client or a worker brings the same. Only
 * what never changes is remembered: whether a key is still good is asked anew each time. The remembered texts are found
 * by the engine's seeded hash of the whole text, so the time of a look-up tells nothing of the keys among them; a new
 * one is compared by its digest, in constant time.
 */
function createHeaderReader(adminKey: string): (header: string) => Credentials {
  const admin = sha256(adminKey).bytes;
  const known = new Map<string, Credentials>();
  return (header) => {
    const before = known.get(header);
    if (before) return before;
    const secret = header.replace(/^bearer\s+/i, '').trim();
    const credentials = { secret, isAdmin: timingSafeEqual(sha256(secret).bytes, admin) };
    if (header.length > LONGEST_HEADER_CHARS) return credentials;
    if (known.size >= MOST_HEADERS) known.clear();
    known.set(header, credentials);
    return credentials;
  };
}

/** Made once for each, as long as it lives. */
function memo<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>();
  return (key) => {
    const before = made.get(key);
    if (before !== undefined) return before;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

/** Whose costs its jobs are: of an upload token, its key's; undefined for the admin's key. */
export function submitterOf({ keyId, token }: Caller): string | undefined {
  const id = token?.issuer ?? keyId;
  return id === ADMIN.keyId ? undefined : id;
}

/** Whether the caller's key is for this endpoint; of others it learns nothing. */
export function maySee(caller: Caller, endpoint: string): boolean {
  return caller.endpoints === undefined || caller.endpoints.includes(endpoint);
}

/** What a route asks of its caller; an admin may do everything. */
export function authorize(
  caller: Caller,
  allowed: readonly CallerScope[],
  endpoint: string | undefined,
): void {
  if (caller.scope !== 'admin' && !allowed.includes(caller.scope)) {
    if (caller.token) {
      const sentence = 'an upload token uploads, and submits and watches its own jobs; this needs a key';
      throw new GatewayError('FORBIDDEN', sentence);
    }
    throw new GatewayError(
      'FORBIDDEN',
      `this key has the scope ${caller.scope}; the operation needs ${[...allowed.filter((scope) => scope !== 'upload'), 'admin'].join(' or ')}`,
    );
  }
  // The same answer as for an endpoint that does not exist, so that a key learns nothing of others.
  if (endpoint !== undefined && !maySee(caller, endpoint)) {
    throw new GatewayError('ENDPOINT_NOT_FOUND', 'endpoint not found');
  }
}
