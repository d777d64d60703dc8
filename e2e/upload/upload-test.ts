import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { S3Server } from '../../packages/artifacts/test/versity.ts';
import { bucketEnv } from '../harness/bucket.ts';
import { freePort } from '../harness/free-port.ts';
import { spawnGateway } from '../harness/gateway-process.ts';
import { ADMIN_KEY } from '../harness/start-gateway.ts';
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts';
import { hashOf, writeLargeFile } from './large-file.ts';

const CLI = fileURLToPath(new URL('../../packages/cli/bin/spillway.mjs', import.meta.url));
const CONNECTIONS = 3;
/** What dies, and after which part of all bytes. */
const DEATHS = [
  { who: 'client', after: 0.2 },
  { who: 'gateway', after: 0.45 },
  { who: 'client', after: 0.7 },
] as const;

export interface UploadTestOptions {
  readonly sizeBytes: number;
  /** Absent: on the gateway's disk. */
  readonly s3?: S3Server;
  onLine?(line: string): void;
}

export interface UploadReport {
  readonly sizeBytes: number;
  readonly deaths: readonly string[];
  /** Runs of the client, the last one included. */
  readonly runs: number;
  /** Of each part the try that counts. */
  readonly usefulBytes: number;
  /** Of all other tries: what a death cut off, or its answer. */
  readonly wastedBytes: number;
  readonly wastedTries: number;
  /** Parts that were sent again though it had been said that they were there. */
  readonly sentTwice: readonly number[];
  /** Of a try that was cut off, at most. */
  readonly partBytes: number;
  readonly isIdentical: boolean;
  readonly uploadMs: number;
}

/** Uploads a large file by `spillway storage put` while client and gateway are killed, and reads it back. */
export async function runUploadTest(options: UploadTestOptions): Promise<UploadReport> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-upload-'));
  try {
    return await uploadIn(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function uploadIn(
  folder: string,
  { sizeBytes, s3, onLine = () => {} }: UploadTestOptions,
): Promise<UploadReport> {
  const file = path.join(folder, 'walk.mp4');
  await writeLargeFile(file, sizeBytes);
  const address = { host: '127.0.0.1', port: await freePort() };
  const front = await startCountingProxy(address);
  const bucket = s3 && (await startCountingProxy(addressOf(s3.settings.endpoint)));
  const gateways = await createGateways(folder, address, bucket ? bucketEnv(s3, bucket.url) : {});
  try {
    const proxy = bucket ?? front;
    const deaths: string[] = [];
    let client: Client | undefined;
    for (const { who, after } of DEATHS)
      proxy.whenSent(Math.floor(after * sizeBytes), () => {
        deaths.push(who);
        onLine(`kill -9 of the ${who} after ${Math.round(after * 100)} %`);
        if (who === 'client') client?.child.kill('SIGKILL');
        else gateways.kill();
      });
    const startedAt = performance.now();
    let runs = 0;
    let id = '';
    while (id === '') {
      client = startClient(front.url, folder, ['put', file, '--connections', String(CONNECTIONS), '--json']);
      runs += 1;
      const { code, stdout, stderr } = await client.ended;
      if (code === 0) id = JSON.parse(stdout).artifacts[0].id;
      else if (code !== null) throw new Error(`spillway storage put ended with ${code}: ${stderr}`);
    }
    const uploadMs = performance.now() - startedAt;
    const copy = path.join(folder, 'copy.mp4');
    const got = await startClient(front.url, folder, ['get', id, '--out', copy]).ended;
    if (got.code !== 0) throw new Error(`spillway storage get ended with ${got.code}: ${got.stderr}`);
    const isIdentical = (await hashOf(copy)) === (await hashOf(file));
    return { ...{ sizeBytes, deaths, runs, isIdentical, uploadMs }, ...costOf(proxy, sizeBytes) };
  } finally {
    await gateways.stop();
    await front.close();
    await bucket?.close();
  }
}

/**
 * What came whole, once for each part, and all the rest: tries that a death cut off, and parts that came whole once more.
 * A death may cut off the answer to a part that came whole; whether it arrived then, the store alone knows.
 */
function costOf({ tries }: CountingProxy, sizeBytes: number) {
  const partBytes = Math.max(...tries.map(({ bytes }) => bytes));
  const lengthOf = (number: number) => Math.min(partBytes, sizeBytes - (number - 1) * partBytes);
  const whole = tries.filter(({ partNumber, bytes }) => bytes === lengthOf(partNumber));
  const useful = new Map(whole.map((one) => [one.partNumber, one]));
  const wasted = tries.filter((one) => one.bytes > 0 && useful.get(one.partNumber) !== one);
  const sum = (some: Iterable<{ bytes: number }>) => [...some].reduce((bytes, one) => bytes + one.bytes, 0);
  return {
    ...{ partBytes, usefulBytes: sum(useful.values()), wastedBytes: sum(wasted), wastedTries: wasted.length },
    sentTwice: wasted.filter((one) => one.isAcknowledged).map(({ partNumber }) => partNumber),
  };
}

/** A gateway at one address that is started anew as soon as it was killed. */
async function createGateways(
  folder: string,
  { host, port }: { host: string; port: number },
  env: Readonly<Record<string, string>>,
) {
  const start = () => spawnGateway(folder, [], { ...env, SPILLWAY_TEST_LISTEN: `${host}:${port}` });
  await writeFile(path.join(folder, 'endpoints.yaml'), '');
  let running = start();
  await running;
  return {
    kill(): void {
      running = running.then(async (gateway) => {
        await gateway.kill();
        return start();
      });
    },
    stop: async () => (await running).stop(),
  };
}

interface Client {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function startClient(url: string, cwd: string, args: readonly string[]): Client {
  const child = spawn(process.execPath, [CLI, 'storage', ...args], {
    ...{ cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { PATH: process.env.PATH ?? '', HOME: cwd, SPILLWAY_URL: url, SPILLWAY_API_KEY: ADMIN_KEY },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    child,
    ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr }))),
  };
}

function addressOf(url = ''): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
