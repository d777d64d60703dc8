import { z } from 'zod';
import { ARTIFACT_LIMITS } from './artifact.ts';

export const UPLOAD_TOKEN_LIMITS = {
  visitorLength: 200,
  artifacts: { default: 10, max: 10_000 },
  jobs: { default: 1_000, max: 1_000_000 },
} as const;

const { artifacts, jobs, visitorLength } = UPLOAD_TOKEN_LIMITS;

/** Body of `POST /v1/upload-tokens`. */
export const uploadTokenCreateSchema = z
  .strictObject({
    endpoint: z.string().describe('The one that its jobs go to, and whose workers may read its uploads.'),
    maxBytes: z.int().min(1).max(ARTIFACT_LIMITS.sizeBytes).describe('All its uploads together.'),
    maxArtifacts: z.int().min(1).max(artifacts.max).default(artifacts.default).describe('At a time.'),
    maxJobs: z.int().min(1).max(jobs.max).default(jobs.default),
    expiresIn: z.string().default('1h').describe('How long it is good, from `1m` to `24h`.'),
    visitor: z
      .string()
      .min(1)
      .max(visitorLength)
      .describe(
        'Whose it is, in your own words, such as a session’s id: a later token of the same visitor goes on with the uploads and jobs of an earlier one.',
      )
      .optional(),
  })
  .meta({ id: 'UploadTokenCreate' });
export type UploadTokenCreate = z.input<typeof uploadTokenCreateSchema>;

/** A token without its secret. */
export const uploadTokenViewSchema = z
  .object({
    id: z.string(),
    endpoint: z.string(),
    maxBytes: z.int().describe('All its uploads together.'),
    maxUploadBytes: z.int().describe('One of them, for the workers of its endpoint.'),
    maxUploadDurationMs: z
      .int()
      .describe('How long a video may last for these workers; absent where they take any, or nobody knows.')
      .optional(),
    maxArtifacts: z.int(),
    maxJobs: z.int(),
    used: z.object({ bytes: z.int(), artifacts: z.int(), jobs: z.int() }).describe('So far.'),
    createdAt: z.int(),
    expiresAt: z.int(),
  })
  .meta({ id: 'UploadToken' });
export type UploadTokenView = z.infer<typeof uploadTokenViewSchema>;

export const uploadTokenListSchema = z.object({ tokens: z.array(uploadTokenViewSchema) });

/** The one time that the secret is shown. */
export const uploadTokenCreatedSchema = uploadTokenViewSchema
  .extend({
    token: z.string().describe('What the page sends as `Authorization: Bearer`; never shown again.'),
  })
  .meta({ id: 'UploadTokenCreated' });
export type UploadTokenCreated = z.infer<typeof uploadTokenCreatedSchema>;
