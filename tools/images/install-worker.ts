import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, lstatSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packPackages } from '../pack/pack-packages.ts';

/**
 * The steps by which the images get their workers, in a folder of this machine: the same packages, installed by the same
 * script. What then runs from the folder has nothing else of the repository.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @throws Error with what npm said. */
export function installWorker(folder: string): void {
  const packed = path.join(ROOT, 'dist', `pack-${path.basename(folder)}`);
  try {
    packPackages(packed);
    copyFileSync(path.join(ROOT, 'package-lock.json'), path.join(folder, 'package-lock.json'));
    const script = path.join(ROOT, 'docker', 'install-worker.sh');
    const { status, stdout, stderr } = spawnSync('sh', [script, path.join(packed, 'tarballs')], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`docker/install-worker.sh failed:\n${stdout}${stderr}`);
  } finally {
    rmSync(packed, { recursive: true, force: true });
  }
}

/** Bytes of the files under `folder`, as they are, not as the disk rounds them. */
export function sizeOf(folder: string): number {
  return globSync('**/*', { cwd: folder })
    .map((file) => lstatSync(path.join(folder, file)))
    .filter((info) => info.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}

export interface Part {
  readonly name: string;
  readonly bytes: number;
}

/** What an installed worker consists of, largest first. Nothing is counted twice. */
export function partsOf(folder: string): Part[] {
  const modules = path.join(folder, 'node_modules');
  const models = path.join(modules, '@spillway/workers/dist/models');
  const groups: Readonly<Record<string, readonly string[]>> = {
    'ONNX Runtime': ['onnxruntime-node', 'onnxruntime-common'],
    'sharp and libvips': ['sharp', '@img'],
    'Spillway, without models': ['@spillway'],
  };
  const known = Object.entries(groups).map(([name, folders]) => ({
    name,
    bytes: folders.reduce((sum, one) => sum + sizeOf(path.join(modules, one)), 0),
  }));
  const demo = { name: 'demo models', bytes: sizeOf(models) };
  const rest = {
    name: 'other libraries',
    bytes: sizeOf(modules) - known.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  return [...known, demo, rest]
    .map(({ name, bytes }) => ({ name, bytes: name.startsWith('Spillway') ? bytes - demo.bytes : bytes }))
    .toSorted((a, b) => b.bytes - a.bytes);
}
