import {
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadBucketCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { ArtifactError } from './artifact-error.ts';
import type { CorsRule, LifecycleRule } from './bucket-rules.ts';
import { createS3Calls } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';

/** What is done to a bucket itself, by its operator's hand. Every "no" is a STORAGE_UNAVAILABLE with what to do. */
export interface BucketAdmin {
  /** Whether it is there, and takes these credentials. */
  check(): Promise<void>;
  /** `unsupported`: the server knows no such rules. */
  readLifecycle(): Promise<readonly LifecycleRule[] | 'unsupported'>;
  writeLifecycle(rules: readonly LifecycleRule[]): Promise<void>;
  readCors(): Promise<readonly CorsRule[] | 'unsupported'>;
  writeCors(rules: readonly CorsRule[]): Promise<void>;
  /** How far its clock is ahead of this machine's, in milliseconds, to the second; undefined where it tells none. */
  clockAheadMs(): Promise<number | undefined>;
}

const NO_RULES = new Set(['NoSuchLifecycleConfiguration', 'NoSuchCORSConfiguration']);

export function createBucketAdmin(settings: S3Settings): BucketAdmin {
  const { client, bucket: Bucket } = createS3Calls(settings);

  /** `empty` where there are no rules yet. */
  async function ask<T>(call: Promise<T>, empty?: T): Promise<T | 'unsupported'> {
    try {
      return await call;
    } catch (error) {
      if (empty !== undefined && error instanceof Error && NO_RULES.has(error.name)) return empty;
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 501) return 'unsupported';
      throw explained(settings, error);
    }
  }

  return {
    async check() {
      await ask(client.send(new HeadBucketCommand({ Bucket })));
    },
    async readLifecycle() {
      const found = await ask(client.send(new GetBucketLifecycleConfigurationCommand({ Bucket })), {
        ...{ $metadata: {}, Rules: [] },
      });
      return found === 'unsupported' ? found : ((found.Rules ?? []) as LifecycleRule[]);
    },
    async writeLifecycle(rules) {
      const LifecycleConfiguration = { Rules: rules as never };
      await ask(client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration })));
    },
    async readCors() {
      const found = await ask(client.send(new GetBucketCorsCommand({ Bucket })), {
        ...{ $metadata: {}, CORSRules: [] },
      });
      return found === 'unsupported' ? found : (found.CORSRules ?? []);
    },
    async writeCors(rules) {
      // An empty list is no configuration.
      if (rules.length === 0) await ask(client.send(new DeleteBucketCorsCommand({ Bucket })));
      else {
        const CORSConfiguration = { CORSRules: rules as never };
        await ask(client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration })));
      }
    },
    async clockAheadMs() {
      const { endpoint = `https://s3.${settings.region}.amazonaws.com` } = settings;
      // Whatever it answers a stranger, it tells its time.
      const answer = await fetch(endpoint, { method: 'HEAD' }).catch((error: unknown) => {
        throw explained(settings, error);
      });
      const date = Date.parse(answer.headers.get('date') ?? '');
      return Number.isNaN(date) ? undefined : date - Date.now();
    },
  };
}

/** The usual reasons in words; `HeadBucket` answers without a body, so by status. */
function explained({ bucket, provider, endpoint }: S3Settings, error: unknown): ArtifactError {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const name = provider === 'r2' ? 'R2_' : 'AWS_';
  return new ArtifactError('STORAGE_UNAVAILABLE', sentence(), { cause: error });

  function sentence(): string {
    if (status === 404) return `there is no bucket ${bucket}; make it, or correct ${name}BUCKET_NAME`;
    if (status === 403 || status === 401) {
      const more = provider === 'r2' ? '; its rules want an API token of kind Admin Read & Write' : '';
      return `the bucket ${bucket} refuses these credentials for this (HTTP ${status})${more}: check ${name}ACCESS_KEY_ID and ${name}SECRET_ACCESS_KEY`;
    }
    if (status === 301 || status === 400)
      return `the bucket ${bucket} is elsewhere, or the request was not understood (HTTP ${status}); check the region and address`;
    const said = error instanceof Error ? error : new Error(String(error));
    const cause = said.cause instanceof Error ? said.cause : said;
    const reason = 'code' in cause ? String(cause.code) : said.message;
    return `${endpoint ?? 'Amazon S3'} does not answer for the bucket ${bucket} (${reason})`;
  }
}
