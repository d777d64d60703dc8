import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { JOB_BODY } from './job-body.ts';
import { CACHE_FOLDER, NotAvailable } from './peers.ts';
import type { Server, Stage } from './stage.ts';

const SOURCES = path.join(import.meta.dirname, '..', 'load');
const PROGRAM = path.join(CACHE_FOLDER, 'bench', 'load');

/** A latency in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** What the load generator saw; see `bench/load/load.c`. */
export interface LoadReport {
  readonly seconds: number;
  /** Cycles or calls that ended in that time. */
  readonly count: number;
  readonly perSecond: number;
  /** Part of one core that the generator and the server used. */
  readonly loadCpuShare: number;
  readonly serverCpuShare: number;
  readonly latencyMs: Readonly<
    Record<'submit' | 'take' | 'done' | 'call' | 'submitToTaken', Latency | undefined>
  >;
}

export interface HoldReport {
  readonly held: number;
  readonly answeredTakes: number;
  readonly answeredRunsyncs: number;
  readonly openSeconds: number;
  readonly answerSeconds: number;
}

export interface LoadOptions {
  readonly mode: 'cycles' | 'lanes' | 'runsync' | 'taken' | 'fill' | 'hold';
  readonly server: Pick<Server, 'pid' | 'url'>;
  readonly key?: string;
  readonly clients: number;
  readonly workers: number;
  /** Workers ask only for jobs that are there, for servers that don't hold a take. */
  readonly isGated?: boolean;
  readonly submitPath?: string;
  readonly workerBase?: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Of `fill`: how many jobs. */
  readonly count?: number;
}

export type Load = <T = LoadReport>(options: LoadOptions) => Promise<T>;

/** Compiles the generator where that is not done yet. Throws NotAvailable. */
export function createLoad(stage: Stage, pin: readonly string[]): Load {
  compile();
  const bodyFile = path.join(stage.folder(), 'body.json');
  writeFileSync(bodyFile, JOB_BODY);
  return async (options) => {
    const { mode, server, key = '', clients, workers, submitPath, workerBase } = options;
    const args = {
      '--mode': mode,
      '--port': new URL(server.url).port,
      '--server-pid': server.pid,
      '--key': key,
      '--clients': clients,
      '--workers': workers,
      '--gated': options.isGated ? 1 : 0,
      '--seconds': options.seconds,
      '--warmup': options.warmupSeconds,
      '--count': options.count ?? 0,
      '--body-file': bodyFile,
      ...(submitPath === undefined ? {} : { '--submit-path': submitPath }),
      ...(workerBase === undefined ? {} : { '--worker-base': workerBase }),
    };
    const text = await stage.run([...pin, PROGRAM, ...Object.entries(args).flat().map(String)]);
    return JSON.parse(text);
  };
}

function compile(): void {
  const newest = Math.max(...readdirSync(SOURCES).map((name) => statSync(path.join(SOURCES, name)).mtimeMs));
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs >= newest) return;
  if (process.platform !== 'linux')
    throw new NotAvailable('the load generator uses epoll, so it needs Linux');
  mkdirSync(path.dirname(PROGRAM), { recursive: true });
  const source = path.join(SOURCES, 'load.c');
  const { status, stderr, error } = spawnSync('cc', ['-O2', '-o', PROGRAM, source], { encoding: 'utf8' });
  if (status === 0) return;
  const reason = error
    ? 'there is no C compiler `cc` (Debian: apt-get install gcc libc6-dev)'
    : stderr.trim();
  throw new NotAvailable(`the load generator could not be compiled: ${reason}`);
}
