import type { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '@spillway/sdk/clock';
import type { SignedRequest } from './artifact-store.ts';
import { S3_LIMITS } from './part-plan.ts';
import type { S3Calls } from './s3-client.ts';

export type Sign = (
  command: GetObjectCommand | PutObjectCommand | UploadPartCommand,
  request: Pick<SignedRequest, 'method' | 'headers'>,
  expiresInMs: number,
) => Promise<SignedRequest>;

/** The length of what is written is signed too: a URL for ten bytes can't be used for a terabyte. */
export function createSigner({ client }: S3Calls, clock: Pick<Clock, 'now'>): Sign {
  return async (command, request, expiresInMs) => {
    const expiresIn = Math.ceil(Math.min(expiresInMs, S3_LIMITS.longestExpiryMs) / 1000);
    // The SDK makes up a content type where none was given; signed, it would have to be sent.
    const signableHeaders = new Set(['host', 'content-length', ...Object.keys(request.headers)]);
    const url = await getSignedUrl(client, command as GetObjectCommand, { expiresIn, signableHeaders });
    return { ...request, url, expiresAt: clock.now() + expiresIn * 1000 };
  };
}
