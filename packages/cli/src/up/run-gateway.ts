import { existsSync } from 'node:fs';
import path from 'node:path';
import type { S3Settings } from '@spillway/artifacts';
import {
  type ConfigResult,
  createGateway,
  formatProblems,
  type Gateway,
  type GatewayConfig,
} from '@spillway/gateway';
import { type Logger, pino } from 'pino';
import { CliError, EXIT, wrongUse } from '../cli-error.ts';
import { note, outliveReader, print } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { findBucketProblem, readBucketSettings } from '../storage/bucket-context.ts';
import { banner } from './banner.ts';
import { logLine } from './log-line.ts';

export interface UpOptions {
  readonly config?: string;
  readonly port?: number;
  readonly data?: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

/** The whole of `spillway up`: configuration → gateway → until a signal says that it is enough. */
export async function runGateway(options: UpOptions): Promise<void> {
  const config = await resolveConfig(options);
  const bucket = await readBucketSettings();
  outliveReader();
  const log = pino(
    { level: options.logLevel, base: null },
    { write: (line: string) => (options.json ? process.stdout.write(line) : note(logLine(line))) },
  );
  const gateway = createGateway({ config, log, adminKey: process.env.SPILLWAY_ADMIN_KEY });
  // From before it is ready: whoever reads `ready` may stop it at once.
  const stopped = untilSignal(gateway);
  await gateway.start().catch((error: unknown) => {
    throw new CliError('NOT_STARTED', error instanceof Error ? error.message : String(error));
  });
  if (bucket) warnOfBucket(bucket, log);
  const { isNew, file } = gateway.adminKey;
  if (options.json) {
    const endpoints = config.endpoints.map(({ name }) => name);
    // The key itself stays out of logs.
    log.info({ event: 'ready', url: gateway.url, endpoints, keyFile: file, isNewKey: isNew }, 'ready');
  } else {
    const { builtInWorkers: examples } = await import('@spillway/workers');
    print(banner(config, { url: gateway.url, adminKey: gateway.adminKey, bucket, examples }));
  }
  await stopped;
  if (options.json) log.info({ event: 'stopped' }, 'stopped');
  else note('stopped');
}

/** A gateway starts without its bucket, which may be away for a while; its operator is told at once, not by the first upload. */
function warnOfBucket(bucket: S3Settings, log: Logger): void {
  findBucketProblem(bucket)
    .then((problem) => {
      if (problem !== undefined) log.warn(`artifacts and large values can't be kept for now: ${problem}`);
    })
    .catch((error: unknown) => log.warn({ err: error }, 'the bucket could not be looked at'));
}

async function resolveConfig(options: UpOptions): Promise<GatewayConfig> {
  const folder = process.cwd();
  const file = options.config ?? (existsSync(path.join(folder, CONFIG_FILE)) ? CONFIG_FILE : undefined);
  const result: ConfigResult = await readConfig(file === undefined ? { folder } : { file, folder });
  if (!result.ok) throw wrongUse(formatProblems(file ?? CONFIG_FILE, result.problems));
  const { config } = result;
  return {
    ...config,
    listen: { ...config.listen, port: options.port ?? config.listen.port },
    dataDir: options.data === undefined ? config.dataDir : path.resolve(folder, options.data),
  };
}

/** Resolves when the gateway has stopped; a second signal does not wait for that. */
function untilSignal(gateway: Gateway): Promise<void> {
  return new Promise((resolve, reject) => {
    let isStopping = false;
    function onSignal(): void {
      // Workers end with their gateway, however it ends.
      if (isStopping) process.exit(EXIT.interrupted);
      isStopping = true;
      note('\nstopping: running jobs may finish (Ctrl-C again stops at once)');
      gateway.stop().then(resolve, reject);
    }
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
