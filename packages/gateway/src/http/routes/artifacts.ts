import { partCount } from '@spillway/artifacts';
import {
  type ArtifactPage,
  type ArtifactParts,
  type ArtifactView,
  artifactCompleteSchema,
  artifactCreateSchema,
  artifactSignPartsSchema,
  type SignedPartList,
  type StorageView,
} from '@spillway/protocol/v1';
import type { ArtifactRecord, Viewer } from '../../artifacts/artifact-records.ts';
import { refuseLargeUpload, refuseLongUpload } from '../../artifacts/upload-limit.ts';
import { parseDuration } from '../../config/duration.ts';
import { GatewayError } from '../../errors.ts';
import { jobIdOf } from '../../jobs/wire-id.ts';
import { maySee } from '../auth.ts';
import { artifactDocs, artifactListQuerySchema } from '../openapi/artifact-docs.ts';
import { checkQuery, parseBody, parseOptionalBody } from '../parse-body.ts';
import { type Call, endpointNamed, type Route, refuseIfStopping } from '../route.ts';
import { toSignedUrl } from '../signed-url-view.ts';

const SCOPES = ['client', 'worker', 'upload'] as const;

export const artifactRoutes: readonly Route[] = [
  { methods: ['POST'], path: '/v1/artifacts', doc: artifactDocs.create, scopes: SCOPES, handle: create },
  { methods: ['GET'], path: '/v1/artifacts', doc: artifactDocs.list, scopes: SCOPES, handle: list },
  {
    ...{ methods: ['GET'], path: '/v1/storage', doc: artifactDocs.storage },
    ...{ scopes: ['client', 'viewer', 'worker'], handle: storage },
  },
  {
    ...{ methods: ['GET'], path: '/v1/artifacts/:id', doc: artifactDocs.show, scopes: SCOPES },
    handle: (call) => viewOf(findReadable(call)),
  },
  {
    ...{ methods: ['DELETE'], path: '/v1/artifacts/:id', doc: artifactDocs.delete, scopes: SCOPES },
    async handle(call) {
      await call.parts.artifacts.remove(findOwn(call));
      return undefined;
    },
  },
  {
    ...{ methods: ['GET'], path: '/v1/artifacts/:id/parts', doc: artifactDocs.parts },
    ...{ scopes: SCOPES, handle: listParts },
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/parts', doc: artifactDocs.signParts },
    ...{ scopes: SCOPES, handle: signParts },
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/upload-url', doc: artifactDocs.uploadUrl },
    scopes: SCOPES,
    handle: async (call) => toSignedUrl(call, await call.parts.artifacts.signUpload(findOwn(call))),
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/complete', doc: artifactDocs.complete },
    ...{ scopes: SCOPES, handle: complete },
  },
  {
    ...{ methods: ['GET'], path: '/v1/artifacts/:id/download-url', doc: artifactDocs.downloadUrl },
    scopes: SCOPES,
    handle: async (call) =>
      toSignedUrl(
        call,
        await call.parts.artifacts.signDownload(findReadable(call), expiryOf(call.query.expiresIn)),
      ),
  },
];

/** Whose an artifact is: a key's, that of the key behind an upload token, or the endpoint's whose worker made it. */
function ownerOf({ caller }: Call): { owner: string; visitor?: string } {
  const { keyId, token, endpoints } = caller;
  if (token) return { owner: token.issuer, visitor: token.visitor };
  return { owner: keyId ?? `endpoint ${endpoints?.[0]}` };
}

/** What this caller sees; undefined for an admin, who sees all. */
function viewerOf(call: Call): Viewer | undefined {
  const { scope, endpoints } = call.caller;
  if (scope === 'admin' && endpoints === undefined) return undefined;
  const owner = ownerOf(call);
  // What was uploaded for an endpoint its workers may read, and what jobs made whoever submitted them.
  return { ...owner, ...(scope === 'worker' ? { endpoints } : { isReader: owner.visitor === undefined }) };
}

function findReadable(call: Call): ArtifactRecord {
  return call.parts.artifacts.find(call.params.id ?? '', viewerOf(call));
}

function findOwn(call: Call): ArtifactRecord {
  return call.parts.artifacts.find(call.params.id ?? '', viewerOf(call) && ownerOf(call));
}

function list(call: Call): ArtifactPage {
  const { limit, ...filter } = checkQuery(artifactListQuerySchema, call.query);
  const page = call.parts.artifacts.list({ ...filter, limit, viewer: viewerOf(call) });
  const { nextCursor } = page;
  return { artifacts: page.artifacts.map(viewOf), ...(nextCursor === undefined ? {} : { nextCursor }) };
}

function storage(call: Call): StorageView {
  const { artifacts } = call.parts;
  const { scope, endpoints } = call.caller;
  const seesAll = (scope === 'admin' || scope === 'viewer') && endpoints === undefined;
  return {
    kind: artifacts.store.kind === 's3' ? 's3' : 'disk',
    retentionMs: artifacts.limits.retentionMs,
    quota: artifacts.limits.quota,
    own: artifacts.usage(ownerOf(call)),
    ...(seesAll ? { all: artifacts.usage() } : {}),
  };
}

async function complete(call: Call): Promise<ArtifactView> {
  const said = parseOptionalBody(artifactCompleteSchema, call.body);
  return viewOf(await call.parts.artifacts.complete(findOwn(call), said));
}

async function create(call: Call): Promise<ArtifactView> {
  const { parts, body, reply } = call;
  refuseIfStopping(parts);
  const { job, durationMs, ...wanted } = parseBody(artifactCreateSchema, body);
  const { record, isNew } = await parts.artifacts.create({
    ...wanted,
    ...ownerOf(call),
    ...aimOf(call, wanted, durationMs),
    ...(job === undefined ? {} : { reader: await submitterOfJob(call, job) }),
  });
  if (isNew) reply.code(201).header('location', `/v1/artifacts/${record.id}`);
  const upload = record.multipart ? undefined : await parts.artifacts.signUpload(record);
  return { ...viewOf(record), ...(upload ? { upload: toSignedUrl(call, upload) } : {}) };
}

/** Who reads what a worker makes of a job that it runs: whoever submitted it. Throws FORBIDDEN for other jobs. */
async function submitterOfJob({ caller, parts }: Call, wireId: string): Promise<string | undefined> {
  const job = await parts.queue.get(jobIdOf(wireId));
  const isRun = job?.lease?.wireId === wireId && maySee(caller, job.endpoint);
  const isBySelf = caller.workerId === undefined || caller.workerId === job?.lease?.workerId;
  if (caller.scope !== 'client' && !caller.token && isRun && isBySelf) return job.keyId;
  throw new GatewayError('FORBIDDEN', `job: no worker of this key runs the job ${wireId}`);
}

/** For whose workers it is. A page's uploads are for those of its endpoint, within what its token allows. */
function aimOf(
  call: Call,
  { endpoint, prefix, sizeBytes }: { endpoint?: string | undefined; prefix: string; sizeBytes: number },
  durationMs: number | undefined,
) {
  const { token } = call.caller;
  if (token && prefix !== 'uploads') {
    const message = `prefix: expected uploads, the only one that an upload token writes, got ${prefix}`;
    throw new GatewayError('INPUT_INVALID', message);
  }
  const name = endpoint ?? token?.endpoint;
  const aim = name === undefined ? undefined : endpointNamed(call, name);
  if (aim && prefix === 'uploads') {
    refuseLargeUpload(aim, sizeBytes);
    refuseLongUpload(aim, durationMs);
  }
  return {
    endpoint: aim?.name,
    ...(token ? { allowance: token } : {}),
  };
}

async function listParts(call: Call): Promise<ArtifactParts> {
  const record = findOwn(call);
  const parts = await call.parts.artifacts.parts(record);
  return { ...planOf(record), parts: [...parts] } as ArtifactParts;
}

async function signParts(call: Call): Promise<SignedPartList> {
  const record = findOwn(call);
  const { partNumbers } = parseBody(artifactSignPartsSchema, call.body);
  const sign = async (partNumber: number) => ({
    partNumber,
    request: toSignedUrl(call, await call.parts.artifacts.signPart(record, partNumber)),
  });
  return { parts: await Promise.all(partNumbers.map(sign)) };
}

function viewOf(record: ArtifactRecord): ArtifactView {
  const { id, key, name, mediaType, sizeBytes, sha256, endpoint } = record;
  const { createdAt, readyAt, expiresAt, multipart } = record;
  return {
    ...{
      id,
      key,
      name,
      mediaType,
      sizeBytes,
      state: readyAt === undefined ? 'uploading' : 'ready',
      createdAt,
    },
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(readyAt === undefined ? {} : { readyAt }),
    expiresAt,
    ...(multipart ? { multipart: planOf(record) } : {}),
  };
}

function planOf({ sizeBytes, multipart }: ArtifactRecord) {
  const { partSizeBytes = sizeBytes } = multipart ?? {};
  return { partSizeBytes, partCount: partCount({ sizeBytes, partSizeBytes }) };
}

const DEFAULT_EXPIRY_MS = 3_600_000;
const LONGEST_EXPIRY_MS = 7 * 86_400_000;

function expiryOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_EXPIRY_MS;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1000 && ms <= LONGEST_EXPIRY_MS) return ms;
  throw new GatewayError(
    'INPUT_INVALID',
    `expiresIn: expected a duration from 1s to 7d, such as 1h, got "${text}"`,
  );
}
