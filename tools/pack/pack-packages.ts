import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compilePackage, typesOf } from './compile-package.ts';
import { type Manifest, publishedManifest } from './published-manifest.ts';

/**
 * Makes the tarballs that are published: each workspace is put together in a folder as its users will have it, and
 * packed by npm. The same sources make the same bytes.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Workspaces that are published, each after those that it imports. */
export const PUBLISHED = [
  'protocol',
  'sdk',
  'artifacts',
  'ergonomics-page',
  'gateway',
  'workers',
  'cli',
] as const;

export interface Tarball {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  /** Unpacked. */
  readonly installedBytes: number;
}

/**
 * Replaces `folder`: the packages as folders in `packages/`, their tarballs in `tarballs/`. The folder must lie in the
 * repository, for the compiler to find the types of libraries.
 * @throws Error with what the compiler or npm said.
 */
export function packPackages(folder = path.join(ROOT, 'dist', 'pack')): Tarball[] {
  rmSync(folder, { recursive: true, force: true });
  const tarballs = path.join(folder, 'tarballs');
  mkdirSync(tarballs, { recursive: true });
  const staged = stagePackages(path.join(folder, 'packages'));
  return npmPack(staged, tarballs);
}

function stagePackages(folder: string): string[] {
  const types: Record<string, string> = {};
  return PUBLISHED.map((workspace) => {
    const source = path.join(ROOT, 'packages', workspace);
    const staged = path.join(folder, workspace);
    mkdirSync(staged, { recursive: true });
    const manifest = JSON.parse(readFileSync(path.join(source, 'package.json'), 'utf8')) as Manifest;
    compilePackage({ source, manifest, staged, types });
    Object.assign(types, typesOf(manifest, staged));
    buildFiles(source, staged);
    for (const file of manifest.files ?? []) {
      if (existsSync(path.join(staged, file))) continue;
      cpSync(path.join(source, file), path.join(staged, file.replace(/^src\//, 'dist/')), {
        recursive: true,
      });
    }
    cpSync(path.join(source, 'README.md'), path.join(staged, 'README.md'));
    cpSync(path.join(ROOT, 'LICENSE'), path.join(staged, 'LICENSE'));
    writeFileSync(
      path.join(staged, 'package.json'),
      `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`,
    );
    return staged;
  });
}

/** What a package ships besides compiled code and is no file of the repository: `build/run.ts` puts it there. */
function buildFiles(source: string, staged: string): void {
  const builder = path.join(source, 'build/run.ts');
  if (!existsSync(builder)) return;
  const { status, stderr } = spawnSync(process.execPath, [builder, staged], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${builder} failed:\n${stderr}`);
}

interface NpmTarball {
  readonly name: string;
  readonly filename: string;
  readonly unpackedSize: number;
}

function npmPack(folders: readonly string[], destination: string): Tarball[] {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination, ...folders];
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack failed: ${error?.message ?? stderr}`);
  // Some versions of npm print a list, others an object by name.
  const packed = Object.values(JSON.parse(stdout) as Record<string, NpmTarball>);
  return packed.map(({ name, filename, unpackedSize }) => {
    const file = path.join(destination, filename);
    return { name, file, bytes: statSync(file).size, installedBytes: unpackedSize };
  });
}
