import { z } from 'zod';
import { POLICY_LIMITS } from '../job.ts';

/** What workers ask of the gateway besides jobs: files under keys of their own, and follow-up jobs. */
const key = z.string().min(1).max(1000).describe('Begins with `uploads/`, `results/` or `status/`.');
const expiresInMs = z.int().min(1000).max(604_800_000);
const plan = { sizeBytes: z.int().min(0), partSizeBytes: z.int().min(1) };
const mediaType = z.string().min(1).max(200);
const upload = { key, uploadId: z.string().min(1).max(2000), ...plan };

export const workerFileSchema = z
  .object({
    key: z.string(),
    name: z
      .string()
      .describe('Of an artifact that a caller uploaded: what its uploader calls it.')
      .optional(),
    sizeBytes: z.int(),
    mediaType: z.string(),
    etag: z.string(),
    modifiedAt: z.number(),
  })
  .meta({ id: 'WorkerFile' });
export type WorkerFile = z.infer<typeof workerFileSchema>;

export const workerFileListSchema = z.object({ files: z.array(workerFileSchema) });

/** What is asked of one file, or of an upload of it in parts. */
export const workerFileCallSchema = z
  .discriminatedUnion('do', [
    z.strictObject({ do: z.literal('sign-get'), key, expiresInMs, mediaType, name: z.string().max(255) }),
    z.strictObject({
      ...{ do: z.literal('sign-put'), key, expiresInMs },
      mediaType: mediaType.optional(),
      sizeBytes: z.int().min(0).optional(),
      onlyNew: z.boolean().optional(),
      mostBytes: z.int().min(0).describe('In the place of `mediaType` and `sizeBytes`.').optional(),
    }),
    z.strictObject({ do: z.literal('create-upload'), key, mediaType, ...plan }),
    z.strictObject({ do: z.literal('sign-part'), ...upload, partNumber: z.int().min(1), expiresInMs }),
    z.strictObject({ do: z.literal('list-parts'), ...upload }),
    z.strictObject({ do: z.literal('complete'), ...upload }),
    z.strictObject({ do: z.literal('abort'), ...upload }),
  ])
  .meta({ id: 'WorkerFileCall' });
export type WorkerFileCall = z.infer<typeof workerFileCallSchema>;

export const workerFileReplySchema = z
  .object({
    request: z
      .object({
        method: z.enum(['GET', 'PUT']),
        url: z.string().describe('Path and query where it leads to this gateway.'),
        headers: z.record(z.string(), z.string()),
        expiresAt: z.int(),
      })
      .optional(),
    publicUrl: z.string().describe('Where others reach this gateway, where it knows.').optional(),
    uploadId: z.string().optional(),
    parts: z.array(z.object({ partNumber: z.int(), sizeBytes: z.int(), etag: z.string() })).optional(),
    file: workerFileSchema.optional(),
  })
  .meta({ id: 'WorkerFileReply' });
export type WorkerFileReply = z.infer<typeof workerFileReplySchema>;

/** Body of a follow-up: a job that goes on with the one that a worker runs. */
export const followUpSchema = z
  .strictObject({
    from: z.string().min(1).max(100).describe('Id of the job that the worker runs.'),
    input: z.record(z.string(), z.unknown()),
    executionTimeoutMs: z
      .int()
      .min(POLICY_LIMITS.executionTimeout.min)
      .max(POLICY_LIMITS.executionTimeout.max)
      .optional(),
    ttlMs: z.int().min(POLICY_LIMITS.ttl.min).max(POLICY_LIMITS.ttl.max).optional(),
  })
  .meta({ id: 'FollowUp' });
export type FollowUp = z.infer<typeof followUpSchema>;

export const followUpStateSchema = z
  .object({ id: z.string(), status: z.string(), error: z.string().optional() })
  .meta({ id: 'FollowUpState' });
export type FollowUpState = z.infer<typeof followUpStateSchema>;
