import { ArtifactError, type ArtifactErrorCode } from './artifact-error.ts';

/** A worker as a gateway knows it. */
export interface GatewayLink {
  /** Of the gateway, without a path. */
  readonly origin: string;
  readonly endpoint: string;
  readonly workerId: string;
  readonly key: string;
}

/** A call of the gateway by the worker's own key. Throws ArtifactError with what the gateway says. */
export interface GatewayCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON. */
  readonly body?: object | AsyncIterable<Uint8Array>;
}

export type CallGateway = (call: GatewayCall) => Promise<Response>;

const CODES: ReadonlySet<string> = new Set<ArtifactErrorCode>([
  ...(['ARTIFACT_NOT_FOUND', 'UPLOAD_NOT_FOUND', 'ARTIFACT_INCOMPLETE', 'ARTIFACT_MISMATCH'] as const),
  ...([
    'ARTIFACT_CHANGED',
    'ARTIFACT_EXISTS',
    'URL_INVALID',
    'URL_EXPIRED',
    'RANGE_NOT_SATISFIABLE',
  ] as const),
  ...(['INPUT_INVALID', 'PAYLOAD_TOO_LARGE', 'QUOTA_EXCEEDED', 'STORAGE_FULL'] as const),
  'STORAGE_UNAVAILABLE',
]);

export function createGatewayCaller(
  { origin, key }: Pick<GatewayLink, 'origin' | 'key'>,
  ask: typeof fetch = fetch,
): CallGateway {
  return async ({ method, path, headers, body }) => {
    const isStream = body !== undefined && Symbol.asyncIterator in body;
    const reply = await ask(origin + path, {
      method,
      headers: {
        authorization: key,
        ...(body === undefined || isStream ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : isStream
          ? { body: streamOf(body), duplex: 'half' }
          : { body: JSON.stringify(body) }),
    } as RequestInit).catch((error: unknown) => {
      throw unreachable(origin, error);
    });
    if (reply.ok) return reply;
    throw await errorOf(reply);
  };
}

const streamOf = (body: AsyncIterable<Uint8Array>) => ReadableStream.from(body);

function unreachable(origin: string, error: unknown): ArtifactError {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof ArtifactError) return cause;
  const reason =
    cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause);
  return new ArtifactError('STORAGE_UNAVAILABLE', `the gateway at ${origin} does not answer (${reason})`, {
    cause: error,
  });
}

async function errorOf(reply: Response): Promise<ArtifactError> {
  const body = (await reply.json().catch(() => ({}))) as { code?: string; detail?: string };
  const detail = body.detail ?? `the gateway answered ${reply.status}`;
  if (body.code !== undefined && CODES.has(body.code))
    return new ArtifactError(body.code as ArtifactErrorCode, detail);
  // A key of somebody else is like one that is not there.
  if (reply.status === 403 || reply.status === 404) return new ArtifactError('ARTIFACT_NOT_FOUND', detail);
  return new ArtifactError('STORAGE_UNAVAILABLE', detail);
}
