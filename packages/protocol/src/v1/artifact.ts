import { z } from 'zod';

export const ARTIFACT_LIMITS = {
  /** 4.995 TiB, R2's own. */
  sizeBytes: Math.floor(4.995 * 1024 ** 4),
  nameLength: 255,
  resumeKeyLength: 200,
  /** Parts that are signed in one call. */
  partsPerCall: 100,
} as const;

/** Body of `POST /v1/artifacts`. */
export const artifactCreateSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(ARTIFACT_LIMITS.nameLength)
      .describe('What you call it; never a part of a path.'),
    sizeBytes: z.int().min(0).max(ARTIFACT_LIMITS.sizeBytes).describe('Exactly as many bytes as will come.'),
    mediaType: z
      .string()
      .max(100)
      .regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/i, 'expected a media type such as video/mp4')
      .default('application/octet-stream'),
    durationMs: z
      .int()
      .min(0)
      .describe(
        'Of a video, where it is known: one that is too long for `endpoint` is refused before it is sent.',
      )
      .optional(),
    prefix: z
      .enum(['uploads', 'results', 'status'])
      .default('uploads')
      .describe('Says how long it is kept: by default uploads 7 days, results and status 30 days.'),
    endpoint: z.string().describe('Its workers may read it.').optional(),
    job: z
      .string()
      .min(1)
      .describe(
        'Of a worker: the job that it runs, and that this belongs to. Whoever submitted it may read it.',
      )
      .optional(),
    resumeKey: z
      .string()
      .min(1)
      .max(ARTIFACT_LIMITS.resumeKeyLength)
      .describe(
        'Names the file, such as by its name, size and time: asked for again, the unfinished upload is answered.',
      )
      .optional(),
  })
  .meta({ id: 'ArtifactCreate' });

/** Body of `POST /v1/artifacts/{id}/complete`. */
export const artifactCompleteSchema = z
  .strictObject({
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits')
      .describe('Of all bytes, as its uploader knows it; kept for whoever reads it.')
      .optional(),
  })
  .meta({ id: 'ArtifactComplete' });

export type ArtifactCreate = z.input<typeof artifactCreateSchema>;

/** A request that needs no key until it expires. */
export const signedUrlSchema = z
  .object({
    method: z.enum(['GET', 'PUT']),
    url: z.string(),
    headers: z.record(z.string(), z.string()).describe('To be sent with it.'),
    expiresAt: z.int(),
  })
  .meta({ id: 'SignedUrl' });
export type SignedUrl = z.infer<typeof signedUrlSchema>;

const multipart = z.object({
  partSizeBytes: z.int().describe('Of all parts but the last.'),
  partCount: z.int(),
});

export const artifactViewSchema = z
  .object({
    id: z.string(),
    key: z.string().describe('Where it is kept; issued by the gateway.'),
    name: z.string(),
    mediaType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string().describe('As its uploader said.').optional(),
    endpoint: z.string().describe('Its workers may read it.').optional(),
    state: z.enum(['uploading', 'ready']),
    createdAt: z.int(),
    readyAt: z.int().optional(),
    expiresAt: z.int().describe('When it is forgotten.'),
    multipart: multipart.describe('While it is uploaded in parts.').optional(),
    upload: signedUrlSchema
      .describe('Where to send it, when it goes in one piece; in the answer to its creation.')
      .optional(),
  })
  .meta({ id: 'Artifact' });
export type ArtifactView = z.infer<typeof artifactViewSchema>;

export const artifactPageSchema = z
  .object({ artifacts: z.array(artifactViewSchema), nextCursor: z.string().optional() })
  .meta({ id: 'ArtifactPage' });
export type ArtifactPage = z.infer<typeof artifactPageSchema>;

const usage = z.object({
  bytes: z.int().describe('Of artifacts and of large values of jobs together.'),
  artifacts: z.int(),
  values: z.int().describe('Inputs and outputs of jobs over 256 KiB.'),
  valueBytes: z.int().describe('Of these.'),
});

/** Answer of `GET /v1/storage`. */
export const storageViewSchema = z
  .object({
    kind: z.enum(['disk', 's3']).describe('On the gateway’s disk, or in a bucket.'),
    retentionMs: z.object({ uploads: z.int(), results: z.int(), status: z.int() }),
    quota: z
      .object({
        totalBytes: z.int().optional(),
        perKeyBytes: z.int().optional(),
        perEndpointBytes: z.int().optional(),
        perArtifactBytes: z.int().optional(),
      })
      .describe('Absent where there is no bound.'),
    own: usage.describe('What this key keeps; uploads count from their first call on.'),
    all: usage
      .describe('What everybody keeps, workers too; for viewers and admins of all endpoints.')
      .optional(),
  })
  .meta({ id: 'Storage' });
export type StorageView = z.infer<typeof storageViewSchema>;

export const artifactPartsSchema = multipart
  .extend({
    parts: z
      .array(z.object({ partNumber: z.int(), sizeBytes: z.int(), etag: z.string() }))
      .describe('Those that have arrived.'),
  })
  .meta({ id: 'ArtifactParts' });
export type ArtifactParts = z.infer<typeof artifactPartsSchema>;

/** Body of `POST /v1/artifacts/{id}/parts`. */
export const artifactSignPartsSchema = z
  .strictObject({ partNumbers: z.array(z.int().min(1)).min(1).max(ARTIFACT_LIMITS.partsPerCall) })
  .meta({ id: 'ArtifactSignParts' });

export const signedPartListSchema = z.object({
  parts: z.array(z.object({ partNumber: z.int(), request: signedUrlSchema })),
});
export type SignedPartList = z.infer<typeof signedPartListSchema>;
