import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** What can't be had on this machine, with the reason; the ratio is then left out and named. */
export class NotAvailable extends Error {
  override readonly name = 'NotAvailable';
}

/** Everything that is made once and kept: never part of the packages. */
export const CACHE_FOLDER = path.join(import.meta.dirname, '..', '..', '.cache');
const PEERS = path.join(CACHE_FOLDER, 'bench-peers');
const BULLMQ = ['bullmq@6.7.0', 'ioredis@6.0.0'];

/** Folder from which BullMQ can be required; installed there on first use. Throws NotAvailable. */
export function bullmqFolder(): string {
  const isThere = () => existsSync(path.join(PEERS, 'node_modules', 'bullmq', 'package.json'));
  if (isThere()) return PEERS;
  mkdirSync(PEERS, { recursive: true });
  writeFileSync(path.join(PEERS, 'package.json'), '{"private":true}\n');
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...BULLMQ];
  const reason = failureOf('npm', install, PEERS);
  if (reason !== undefined || !isThere()) {
    throw new NotAvailable(
      `${BULLMQ.join(' with ')} could not be installed: ${reason ?? 'npm left nothing'}`,
    );
  }
  return PEERS;
}

export function requireFrom<T>(folder: string, name: string): T {
  return createRequire(path.join(folder, 'package.json'))(name) as T;
}

/** How Redis is started: the program, and the environment that its libraries need. */
export interface RedisProgram {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The system's redis-server; where there is none, the system's own packages are unpacked (not installed) into `.cache/`.
 * Throws NotAvailable.
 */
export function findRedis(): RedisProgram {
  if (works({ program: 'redis-server', env: {} })) return { program: 'redis-server', env: {} };
  const folder = path.join(CACHE_FOLDER, 'redis');
  const root = path.join(folder, 'root');
  if (!existsSync(root)) unpackRedis(folder, root);
  const libraries = path.join(root, 'usr', 'lib');
  const unpacked = {
    program: path.join(root, 'usr', 'bin', 'redis-server'),
    env: { LD_LIBRARY_PATH: [libraries, ...foldersIn(libraries)].join(':') },
  };
  if (works(unpacked)) return unpacked;
  rmSync(folder, { recursive: true, force: true });
  throw new NotAvailable(`there is no redis-server, and the unpacked one does not start (${INSTALL_REDIS})`);
}

const INSTALL_REDIS = 'Debian: apt-get install redis-server';

function unpackRedis(folder: string, root: string): void {
  mkdirSync(folder, { recursive: true });
  const simulated = spawnSync(
    'apt-get',
    ['install', '--print-uris', '-y', '--no-install-recommends', 'redis-server'],
    {
      encoding: 'utf8',
    },
  );
  const names = [...(simulated.stdout ?? '').matchAll(/^'[^']+' ([^_ ]+)_/gm)].flatMap(
    ([, name]) => name ?? [],
  );
  const reason =
    names.length === 0
      ? (simulated.error?.message ?? simulated.stderr.trim())
      : failureOf('apt-get', ['download', ...names], folder);
  const archives = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  if (reason !== undefined || archives.length === 0) {
    throw new NotAvailable(
      `there is no redis-server, and apt-get has none to give: ${reason} (${INSTALL_REDIS})`,
    );
  }
  for (const archive of archives) {
    const failure = failureOf('dpkg-deb', ['-x', archive, root], folder);
    if (failure !== undefined) throw new NotAvailable(`${archive} could not be unpacked: ${failure}`);
  }
}

function works({ program, env }: RedisProgram): boolean {
  return spawnSync(program, ['--version'], { env: { ...process.env, ...env } }).status === 0;
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
}

/** Undefined when it went well, else the last line of what it said. */
function failureOf(program: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 240_000 });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n').at(-1) || `exit code ${status}`);
}
