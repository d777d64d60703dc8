import {
  type UploadTokenCreated,
  type UploadTokenView,
  uploadTokenCreateSchema,
} from '@spillway/protocol/v1';
import { largestUpload } from '../../artifacts/upload-limit.ts';
import { parseDuration } from '../../config/duration.ts';
import { GatewayError } from '../../errors.ts';
import type { UploadToken } from '../../keys/upload-tokens.ts';
import { refuseLoadBalanced } from '../load-balanced.ts';
import { uploadTokenDocs } from '../openapi/artifact-docs.ts';
import { parseBody } from '../parse-body.ts';
import { type Call, endpointNamed, type Route } from '../route.ts';

/** Rights of pages that have no key; a key's holder makes them, for endpoints that the key is for. */
export const uploadTokenRoutes: readonly Route[] = [
  {
    ...{ methods: ['POST'], path: '/v1/upload-tokens', doc: uploadTokenDocs.create },
    ...{ scopes: ['client'], handle: create },
  },
  {
    ...{ methods: ['GET'], path: '/v1/upload-tokens', doc: uploadTokenDocs.list, scopes: ['client'] },
    handle: (call) => ({ tokens: visible(call).map((token) => viewOf(call, token)) }),
  },
  {
    ...{ methods: ['GET'], path: '/v1/upload-tokens/self', doc: uploadTokenDocs.self },
    ...{ scopes: ['upload'], handle: showOwn },
  },
  {
    ...{ methods: ['DELETE'], path: '/v1/upload-tokens/:id', doc: uploadTokenDocs.delete },
    ...{ scopes: ['client'], handle: revoke },
  },
];

const SHORTEST_MS = 60_000;
const LONGEST_MS = 86_400_000;

async function create(call: Call): Promise<UploadTokenCreated> {
  const { parts, caller, body, reply } = call;
  const { expiresIn, ...wanted } = parseBody(uploadTokenCreateSchema, body);
  refuseLoadBalanced(endpointNamed(call, wanted.endpoint));
  const issuer = caller.keyId ?? '';
  const now = parts.clock.now();
  // No token outlives the key that made it.
  const keyEndsAt = parts.keys.list().find((key) => key.id === issuer)?.expiresAt ?? Number.POSITIVE_INFINITY;
  const expiresAt = Math.min(now + lifeOf(expiresIn), keyEndsAt);
  const { token, secret } = await parts.uploadTokens.create({ ...wanted, issuer, expiresAt }, now);
  reply.code(201);
  // The only time the secret is ever shown.
  return { ...viewOf(call, token), token: secret };
}

/** To a page, before anybody chooses a file: what it may send, and for how long. */
function showOwn(call: Call): UploadTokenView {
  const { token } = call.caller;
  if (token) return viewOf(call, token);
  throw new GatewayError('UPLOAD_TOKEN_NOT_FOUND', 'this call came with a key, not with an upload token');
}

async function revoke(call: Call): Promise<undefined> {
  const { id } = call.params;
  const token = visible(call).find((one) => one.id === id);
  if (!token || !(await call.parts.uploadTokens.remove(token.id)))
    throw new GatewayError('UPLOAD_TOKEN_NOT_FOUND', 'upload token not found; it may have expired');
  return undefined;
}

function visible({ parts, caller }: Call): readonly UploadToken[] {
  const isForAll = caller.scope === 'admin' && caller.endpoints === undefined;
  const { list, isExpired } = parts.uploadTokens;
  return list().filter((token) => !isExpired(token) && (isForAll || token.issuer === caller.keyId));
}

function viewOf({ parts }: Call, token: UploadToken): UploadTokenView {
  const { id, endpoint, maxBytes, maxArtifacts, maxJobs, createdAt, expiresAt } = token;
  const aim = parts.endpoints.get(endpoint);
  const maxUploadBytes = largestUpload(aim, parts.artifacts.limits.quota, maxBytes);
  const maxUploadDurationMs = aim?.durationLimit?.ms;
  const { bytes, artifacts } = parts.artifacts.usage(token);
  const used = { bytes, artifacts, jobs: parts.uploadTokens.jobsOf(token) };
  return {
    ...{ id, endpoint, maxBytes, maxUploadBytes, maxArtifacts, maxJobs, used, createdAt, expiresAt },
    ...(maxUploadDurationMs === undefined ? {} : { maxUploadDurationMs }),
  };
}

function lifeOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  throw new GatewayError(
    'INPUT_INVALID',
    `expiresIn: expected a duration from 1m to 24h, such as 1h, got "${text}"`,
  );
}
