import { partCount, type SignedRequest } from '@spillway/artifacts';
import {
  type ArtifactParts,
  type ArtifactView,
  artifactCreateSchema,
  artifactSignPartsSchema,
  type SignedPartList,
  type SignedUrl,
} from '@spillway/protocol/v1';
import type { ArtifactRecord } from '../../artifacts/artifact-records.ts';
import { parseDuration } from '../../config/duration.ts';
import { GatewayError } from '../../errors.ts';
import { artifactDocs } from '../openapi/artifact-docs.ts';
import { parseBody } from '../parse-body.ts';
import { type Call, type Route, refuseIfStopping } from '../route.ts';

export const artifactRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v1/artifacts',
    doc: artifactDocs.create,
    scopes: ['client', 'worker'],
    handle: create,
  },
  {
    ...{ methods: ['GET'], path: '/v1/artifacts/:id', doc: artifactDocs.show, scopes: ['client', 'worker'] },
    handle: (call) => viewOf(find(call)),
  },
  {
    ...{
      methods: ['DELETE'],
      path: '/v1/artifacts/:id',
      doc: artifactDocs.delete,
      scopes: ['client', 'worker'],
    },
    async handle(call) {
      await call.parts.artifacts.remove(find(call));
      return undefined;
    },
  },
  {
    ...{
      methods: ['GET'],
      path: '/v1/artifacts/:id/parts',
      doc: artifactDocs.parts,
      scopes: ['client', 'worker'],
    },
    handle: listParts,
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/parts', doc: artifactDocs.signParts },
    ...{ scopes: ['client', 'worker'], handle: signParts },
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/upload-url', doc: artifactDocs.uploadUrl },
    scopes: ['client', 'worker'],
    handle: async (call) => toSignedUrl(call, await call.parts.artifacts.signUpload(find(call))),
  },
  {
    ...{ methods: ['POST'], path: '/v1/artifacts/:id/complete', doc: artifactDocs.complete },
    scopes: ['client', 'worker'],
    handle: async (call) => viewOf(await call.parts.artifacts.complete(find(call))),
  },
  {
    ...{ methods: ['GET'], path: '/v1/artifacts/:id/download-url', doc: artifactDocs.downloadUrl },
    scopes: ['client', 'worker'],
    handle: async (call) =>
      toSignedUrl(call, await call.parts.artifacts.signDownload(find(call), expiryOf(call.query.expiresIn))),
  },
];

/** Whose an artifact is: a key's, or that of the endpoint whose worker made it. */
function ownerOf({ caller }: Call): string {
  return caller.keyId ?? `endpoint ${caller.endpoints?.[0]}`;
}

function find(call: Call): ArtifactRecord {
  const isForAll = call.caller.scope === 'admin' && call.caller.endpoints === undefined;
  return call.parts.artifacts.find(call.params.id ?? '', isForAll ? undefined : ownerOf(call));
}

async function create(call: Call): Promise<ArtifactView> {
  const { parts, body, reply } = call;
  refuseIfStopping(parts);
  const wanted = parseBody(artifactCreateSchema, body);
  const { record, isNew } = await parts.artifacts.create({ ...wanted, owner: ownerOf(call) });
  if (isNew) reply.code(201).header('location', `/v1/artifacts/${record.id}`);
  const upload = record.multipart ? undefined : await parts.artifacts.signUpload(record);
  return { ...viewOf(record), ...(upload ? { upload: toSignedUrl(call, upload) } : {}) };
}

async function listParts(call: Call): Promise<ArtifactParts> {
  const record = find(call);
  const parts = await call.parts.artifacts.parts(record);
  return { ...planOf(record), parts: [...parts] } as ArtifactParts;
}

async function signParts(call: Call): Promise<SignedPartList> {
  const record = find(call);
  const { partNumbers } = parseBody(artifactSignPartsSchema, call.body);
  const sign = async (partNumber: number) => ({
    partNumber,
    request: toSignedUrl(call, await call.parts.artifacts.signPart(record, partNumber)),
  });
  return { parts: await Promise.all(partNumbers.map(sign)) };
}

function viewOf(record: ArtifactRecord): ArtifactView {
  const { id, key, name, mediaType, sizeBytes, createdAt, readyAt, expiresAt, multipart } = record;
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
    ...(readyAt === undefined ? {} : { readyAt }),
    expiresAt,
    ...(multipart ? { multipart: planOf(record) } : {}),
  };
}

function planOf({ sizeBytes, multipart }: ArtifactRecord) {
  const { partSizeBytes = sizeBytes } = multipart ?? {};
  return { partSizeBytes, partCount: partCount({ sizeBytes, partSizeBytes }) };
}

/** Paths of our own become addresses: the one that is configured, else the one that this caller used. */
function toSignedUrl({ parts, reply }: Call, { url, headers, ...rest }: SignedRequest): SignedUrl {
  const origin = parts.publicUrl ?? `http://${reply.request.headers.host}`;
  return { ...rest, url: url.startsWith('/') ? origin + url : url, headers: { ...headers } };
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
