import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { S3Settings } from '../src/s3-settings.ts';
import { type CachedProgram, findCached } from './cached-program.ts';

const VERSION = 'v1.8.0';
const MOST_STARTS = 5;
/** The Versity S3 Gateway, which checks signatures, lengths and expiry. */
export const VERSITY_GATEWAY: CachedProgram = {
  title: `the S3 server versitygw ${VERSION}`,
  folder: `versitygw-${VERSION}`,
  program: 'versitygw',
  steps: (into) => [
    {
      command: ['go', 'install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`],
      env: { GOBIN: into },
    },
    { command: [path.join(into, 'versitygw'), '--version'] },
  ],
};

export interface S3Server {
  readonly settings: S3Settings;
  stop(): Promise<void>;
}

/** A real S3 server of this test's own. Undefined, with one visible line that says so, where there is none. */
export async function startS3Server(bucket: string): Promise<S3Server | undefined> {
  const program = findCached(VERSITY_GATEWAY);
  if (program === undefined) return undefined;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-s3-'));
  const [root, meta] = [path.join(folder, 'root'), path.join(folder, 'meta')];
  await mkdir(path.join(root, bucket), { recursive: true });
  await mkdir(meta);
  const [accessKeyId, secretAccessKey] = ['test-access', 'test-secret-of-the-bucket'];
  const keys = ['--access', accessKeyId, '--secret', secretAccessKey];
  const { child, port } = await listening((port) =>
    spawn(program, ['--port', `127.0.0.1:${port}`, ...keys, '--quiet', 'posix', '--sidecar', meta, root], {
      stdio: 'ignore',
    }),
  );
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Another program may take its port before it does: then it ends, and starts at another one. */
async function listening(start: (port: number) => ChildProcess) {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const child = start(port);
    if (await answers(port, child)) return { child, port };
    if (tries === MOST_STARTS) throw new Error(`versitygw ended with ${child.exitCode}`);
  }
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer?.headers.get('server') === 'VERSITYGW') return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
