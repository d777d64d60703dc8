import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { S3Settings } from '../src/s3-settings.ts';

const VERSION = 'v1.8.0';
const FOLDER = path.join(import.meta.dirname, '../../../.cache', `versitygw-${VERSION}`);
const PROGRAM = path.join(FOLDER, 'versitygw');

export interface S3Server {
  readonly settings: S3Settings;
  stop(): Promise<void>;
}

/**
 * A real S3 server: the Versity S3 Gateway, which checks signatures, lengths and expiry. Built on first use by `go` from
 * the Go module proxy and kept in `.cache/`. Undefined, with one visible line that says why, where it can't be had.
 */
export async function startS3Server(bucket: string): Promise<S3Server | undefined> {
  const reason = install();
  if (reason !== undefined) {
    console.warn(`SKIPPED: no S3 server (versitygw ${VERSION}) to test against: ${reason}`);
    return undefined;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-s3-'));
  const [root, meta] = [path.join(folder, 'root'), path.join(folder, 'meta')];
  await mkdir(path.join(root, bucket), { recursive: true });
  await mkdir(meta);
  const port = await freePort();
  const [accessKeyId, secretAccessKey] = ['test-access', 'test-secret-of-the-bucket'];
  const child = spawn(
    PROGRAM,
    [
      '--port',
      `127.0.0.1:${port}`,
      '--access',
      accessKeyId,
      '--secret',
      secretAccessKey,
      '--quiet',
      'posix',
      '--sidecar',
      meta,
      root,
    ],
    { stdio: 'ignore' },
  );
  await answers(port, child);
  return {
    settings: {
      ...{ provider: 's3', bucket, region: 'us-east-1', endpoint: `http://127.0.0.1:${port}` },
      ...{ accessKeyId, secretAccessKey },
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Undefined once it is there, else why it is not. */
function install(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const { status, stderr, error } = spawnSync(
    'go',
    ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`],
    {
      env: { ...process.env, GOBIN: FOLDER },
      encoding: 'utf8',
      timeout: 240_000,
    },
  );
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`versitygw ended with ${child.exitCode}`);
}
