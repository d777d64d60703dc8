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
  const { readStorageSettings } = await import('@spillway/artifacts');
  const { retentionMs } = config.artifacts;
  return {
    config,
    settings: settingsOf(readStorageSettings),
    needs: { retentionMs, origins: originsOf(config) },
  };
}

function settingsOf(read: (env: NodeJS.ProcessEnv) => S3Settings | undefined): S3Settings | undefined {
  try {
    return read(process.env);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError('BAD_SETTINGS', message, EXIT.wrongUse);
  }
}

/** Pages of the gateway itself send to the bucket, too. */
function originsOf({ cors, publicUrl }: GatewayConfig): readonly string[] {
  return [...new Set([...(publicUrl === undefined ? [] : [new URL(publicUrl).origin]), ...cors.origins])];
}
