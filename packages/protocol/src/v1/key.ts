import { z } from 'zod';

export const KEY_SCOPES = ['client', 'worker', 'viewer', 'admin'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** Body of `POST /v1/keys`. */
export const keyCreateSchema = z
  .strictObject({
    name: z.string().min(1).max(100).describe('What it is for.'),
    scope: z.enum(KEY_SCOPES),
    endpoints: z.array(z.string()).min(1).describe('Those it is limited to; absent means all.').optional(),
    expiresIn: z.string().describe('How long it is good for, such as `30d` or `12h`.').optional(),
    expiresAt: z.int().min(0).describe('Until when it is good, in epoch milliseconds.').optional(),
  })
  .meta({ id: 'KeyCreate' });

export type KeyCreate = z.infer<typeof keyCreateSchema>;

/** A key without its secret. */
export const keyViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: z.enum(KEY_SCOPES),
    endpoints: z.array(z.string()).optional(),
    createdAt: z.int(),
    expiresAt: z.int().optional(),
    lastUsedAt: z.int().describe('To the minute; absent when it was never used.').optional(),
  })
  .meta({ id: 'Key' });

export type KeyView = z.infer<typeof keyViewSchema>;

export const keyListSchema = z.object({ keys: z.array(keyViewSchema) });

/** The one time that the secret is shown. */
export const keyCreatedSchema = keyViewSchema
  .extend({ key: z.string().describe('The secret; never shown again.') })
  .meta({ id: 'KeyCreated' });

export type KeyCreated = z.infer<typeof keyCreatedSchema>;
