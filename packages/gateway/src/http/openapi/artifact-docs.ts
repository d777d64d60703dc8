import {
  artifactCompleteSchema,
  artifactCreateSchema,
  artifactPageSchema,
  artifactPartsSchema,
  artifactSignPartsSchema,
  artifactViewSchema,
  signedPartListSchema,
  signedUrlSchema,
  storageViewSchema,
  uploadTokenCreatedSchema,
  uploadTokenCreateSchema,
  uploadTokenListSchema,
  uploadTokenViewSchema,
} from '@spillway/protocol/v1';
import { z } from 'zod';
import { NO_CONTENT, ok, type RouteDoc } from './route-doc.ts';

const downloadQuerySchema = z.object({
  expiresIn: z.string().describe('How long the URL is good, from `1s` to `7d` (default `1h`).').optional(),
});

const LIMIT = { min: 1, max: 500, default: 50 } as const;
const LIMIT_TEXT = `expected a whole number from ${LIMIT.min} to ${LIMIT.max}`;

/** Query of `GET /v1/artifacts`. */
export const artifactListQuerySchema = z.object({
  prefix: z.enum(['uploads', 'results', 'status']).describe('The first part of their keys.').optional(),
  key: z.string().describe('The one that is kept there.').optional(),
  limit: z.coerce
    .number(LIMIT_TEXT)
    .int(LIMIT_TEXT)
    .min(LIMIT.min, LIMIT_TEXT)
    .max(LIMIT.max, LIMIT_TEXT)
    .default(LIMIT.default),
  cursor: z
    .string()
    .regex(/^\d{1,15}-[a-z0-9]{1,64}$/, 'expected the nextCursor of the page before')
    .optional(),
});

/** Terms of a signed URL; they come with it and are never written by hand. */
const signedQuery = z.object({ expires: z.string(), signature: z.string() });

const bytes = { mediaType: 'application/octet-stream' } as const;

export const artifactDocs = {
  create: {
    ...{ id: 'createArtifact', tag: 'Artifacts', summary: 'Begin an upload', body: artifactCreateSchema },
    description:
      'Refused with 413 where the workers of `endpoint` would refuse it for its size, or for the length that `durationMs` tells, before a byte is sent. From 32 MiB on it goes in parts of one size. With a `resumeKey` whose upload is not finished, that one is answered with 200, and only its missing parts need be sent.',
    answers: {
      201: { description: 'A new upload.', schema: artifactViewSchema },
      200: { description: 'The one that is not finished.', schema: artifactViewSchema },
    },
  },
  list: {
    ...{ id: 'listArtifacts', tag: 'Artifacts', summary: 'List artifacts' },
    description: 'The newest first: those of this key, for an admin everybody’s.',
    query: artifactListQuerySchema,
    answers: ok('A page of them.', artifactPageSchema),
  },
  storage: {
    ...{ id: 'showStorage', tag: 'Artifacts', summary: 'Show what is kept, and its limits' },
    answers: ok('How much, how long, of how much.', storageViewSchema),
  },
  show: {
    ...{ id: 'showArtifact', tag: 'Artifacts', summary: 'Show an artifact' },
    answers: ok('The artifact.', artifactViewSchema),
  },
  uploadUrl: {
    ...{ id: 'artifactUploadUrl', tag: 'Artifacts', summary: 'Get a fresh URL for an upload in one piece' },
    answers: ok('Where to PUT it.', signedUrlSchema),
  },
  parts: {
    ...{ id: 'listArtifactParts', tag: 'Artifacts', summary: 'List the parts that have arrived' },
    answers: ok('Those parts.', artifactPartsSchema),
  },
  signParts: {
    ...{ id: 'signArtifactParts', tag: 'Artifacts', summary: 'Get URLs for parts' },
    body: artifactSignPartsSchema,
    answers: ok('A URL for each, good for an hour.', signedPartListSchema),
  },
  complete: {
    ...{ id: 'completeArtifact', tag: 'Artifacts', summary: 'Finish an upload' },
    body: artifactCompleteSchema,
    isBodyOptional: true,
    description:
      'Its size and first bytes are looked at: an artifact that is not what was announced is not kept.',
    answers: ok('The artifact, ready. Repeated, the same.', artifactViewSchema),
  },
  downloadUrl: {
    ...{ id: 'artifactDownloadUrl', tag: 'Artifacts', summary: 'Get a URL to read it from' },
    query: downloadQuerySchema,
    answers: ok('Signed at each ask; takes ranges.', signedUrlSchema),
  },
  delete: {
    ...{ id: 'deleteArtifact', tag: 'Artifacts', summary: 'Delete an artifact, or abort its upload' },
    answers: NO_CONTENT,
  },
  write: {
    ...{ id: 'writeArtifactData', tag: 'Artifacts', summary: 'Send bytes to a signed URL of this gateway' },
    query: signedQuery,
    answers: { 200: { description: 'They are on disk.' } },
  },
  read: {
    ...{ id: 'readArtifactData', tag: 'Artifacts', summary: 'Read bytes from a signed URL of this gateway' },
    query: signedQuery,
    answers: {
      200: { description: 'All of it.', ...bytes },
      206: { description: 'The range that was asked for.', ...bytes },
      304: { description: 'It is what `If-None-Match` names.' },
    },
  },
} as const satisfies Record<string, RouteDoc>;

export const uploadTokenDocs = {
  create: {
    ...{ id: 'createUploadToken', tag: 'Artifacts', summary: 'Make an upload token' },
    body: uploadTokenCreateSchema,
    description:
      'For a page that must not have a key: for a while it uploads artifacts, submits jobs to one endpoint, and watches and cancels these. It is sent as a key is.',
    answers: { 201: { description: 'The token, this once.', schema: uploadTokenCreatedSchema } },
  },
  list: {
    ...{ id: 'listUploadTokens', tag: 'Artifacts', summary: 'List upload tokens' },
    description: 'Those that this key made, for an admin everybody’s; never their secrets.',
    answers: ok('Those that are still good.', uploadTokenListSchema),
  },
  self: {
    ...{ id: 'showOwnUploadToken', tag: 'Artifacts', summary: 'Show the upload token of this call' },
    description: 'To a page: what it may send, how much of that it has sent, and how long it is good for.',
    answers: ok('The token, without its secret.', uploadTokenViewSchema),
  },
  delete: {
    ...{ id: 'deleteUploadToken', tag: 'Artifacts', summary: 'Revoke an upload token' },
    description: 'It is good for nothing from then on; its uploads and jobs stay.',
    answers: NO_CONTENT,
  },
} as const satisfies Record<string, RouteDoc>;
