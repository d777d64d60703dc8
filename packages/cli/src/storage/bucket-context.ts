import { existsSync } from 'node:fs';
import path from 'node:path';
import type { S3Settings } from '@spillway/artifacts';
import type { BucketNeeds } from '@spillway/artifacts/admin';
import type { GatewayConfig } from '@spillway/gateway';
import { CliError, EXIT } from '../cli-error.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';

/** What a bucket is to be, as the gateway's environment and its spillway.yaml say. */
export interface BucketContext {
  readonly config: GatewayConfig;
  /** Undefined: artifacts are on the gateway's disk. */
  readonly settings: S3Settings | undefined;
  readonly needs: BucketNeeds;
}

export async function readBucketContext(file: string | undefined): Promise<BucketContext> {
  const folder = process.cwd();
  const found = file ?? (existsSync(path.join(folder, CONFIG_FILE)) ? CONFIG_FILE : undefined);
  const result = await readConfig(found === undefined ? { folder } : { file: found, folder });
  if (!result.ok) {
    const { formatProblems } = await import('@spillway/gateway/config');
    throw new CliError('BAD_CONFIG', formatProblems(found ?? CONFIG_FILE, result.problems), EXIT.wrongUse);
  }
  const { config } = result;
  const { retentionMs } = config.artifacts;
  return {
    config,
    settings: await readBucketSettings(),
    needs: { retentionMs, origins: originsOf(config) },
  };
}

/** Of the environment; undefined where artifacts are on the gateway's disk. */
export async function readBucketSettings(): Promise<S3Settings | undefined> {
  const { readStorageSettings } = await import('@spillway/artifacts');
  try {
    return readStorageSettings(process.env);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError('BAD_SETTINGS', message, EXIT.wrongUse);
  }
}

/** A bucket in words: which one, of whom, where. */
export const bucketText = ({ bucket, provider, endpoint }: S3Settings): string =>
  `${bucket} of ${provider}${endpoint === undefined ? '' : ` at ${endpoint}`}`;

/** Why a bucket can't be used, in a sentence; undefined where it is there and takes the credentials. */
export async function findBucketProblem(settings: S3Settings): Promise<string | undefined> {
  const { createBucketAdmin } = await import('@spillway/artifacts/admin');
  return createBucketAdmin(settings)
    .check()
    .then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
}

/** Pages of the gateway itself send to the bucket, too. */
function originsOf({ cors, publicUrl }: GatewayConfig): readonly string[] {
  return [...new Set([...(publicUrl === undefined ? [] : [new URL(publicUrl).origin]), ...cors.origins])];
}
