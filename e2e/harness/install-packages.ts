import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packPackages } from '../../tools/pack/pack-packages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What npm says where its registry can't be reached, as opposed to what is wrong with our packages. */
const UNREACHABLE =
  /\b(E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NOTCACHED|HOSTUNREACH|NETUNREACH)|FETCH_ERROR)\b/;

export interface Installation {
  /** Outside the repository, with the packages in its `node_modules`. */
  readonly folder: string;
  /** Of a person who works there: no variables of this test, nor of the npm that started it. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * What keeps npm from its registry, also told in one visible line; undefined when it answers. Asked before anything is
 * installed, since npm tries for minutes then.
 */
export function registryTrouble(): string | undefined {
  const args = [
    'view',
    'zod',
    'version',
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
    '--fetch-timeout=20000',
  ];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: tmpdir(), encoding: 'utf8' });
  if (status === 0) return undefined;
  const reason = error?.message ?? stderr;
  const [code] = UNREACHABLE.exec(reason) ?? [];
  if (code === undefined) throw new Error(`npm view failed: ${reason}`);
  console.warn(`SKIPPED: npm's registry can't be reached (${code})`);
  return code;
}

/**
 * Packs the published packages and installs the tarballs into an empty folder, as a user of them would.
 * @throws Error with what the compiler or npm said.
 */
export function installPackages(name: string): Installation {
  // Folders of their own, so that tests can pack at the same time.
  const packed = path.join(ROOT, 'dist', `pack-${name}`);
  const folder = mkdtempSync(path.join(tmpdir(), `spillway-${name}-`));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const tarballs = packPackages(packed).map(({ file }) => file);
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
    const env = userEnvironment(folder);
    const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs];
    const { status, stderr, error } = spawnSync('npm', args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...npmEnvironment(),
        ...env,
        HOME: process.env.HOME ?? folder,
        ONNXRUNTIME_NODE_INSTALL: 'skip',
      },
    });
    if (status === 0) return { folder, env, remove };
    remove();
    const reason = error?.message ?? stderr;
    throw new Error(`npm install failed: ${reason}`);
  } finally {
    rmSync(packed, { recursive: true, force: true });
  }
}

/** This Node, programs and commands of the installation, and nothing of the repository. */
function userEnvironment(folder: string): Record<string, string> {
  const own = [path.join(folder, 'node_modules', '.bin'), path.dirname(process.execPath)];
  const system = (process.env.PATH ?? '').split(path.delimiter).filter((one) => !one.startsWith(ROOT));
  return { PATH: [...own, ...system].join(path.delimiter), HOME: folder, TMPDIR: folder, NO_COLOR: '1' };
}

/** How this machine reaches the registry: npm's own settings, proxies and certificates. */
function npmEnvironment(): Record<string, string> {
  const wanted =
    /^(npm_config_(registry|cache|userconfig|globalconfig|cafile|ca|strict_ssl|.*proxy)|.*_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_.*)$/i;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && wanted.test(entry[0]),
    ),
  );
}
