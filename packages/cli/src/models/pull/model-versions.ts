import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../../cli-error.ts';

/**
 * How pulled models lie in a models folder: `<name>` is a link to `.pulled/<name>/<content>`, a folder that never changes.
 * An update makes another folder and moves the link in one step, so a worker finds the old files or the new ones, and one
 * that runs keeps those that it began with. Files that both have are one file.
 */
export interface ModelVersions {
  /** The folder that the link leads to. */
  current(): Promise<string | undefined>;
  /** Where the next version is gathered; a pull that was cut finds it again by `key`. */
  stage(key: string): Stage;
  /** Makes a gathered folder the current one, and removes all but the one before it. */
  publish(stage: Stage, content: string): Promise<string>;
}

export interface Stage {
  /** The model as it will be. */
  readonly files: string;
  /** What is known of its unfinished files. */
  readonly notes: string;
}

/** @throws CliError when `name` is taken by a folder that was not pulled. */
export async function openVersions(into: string, name: string): Promise<ModelVersions> {
  const place = path.join(into, name);
  const versions = path.join(into, '.pulled', name);
  const found = await lstat(place).catch(() => undefined);
  if (found && !found.isSymbolicLink()) {
    throw new CliError(
      'NAME_TAKEN',
      `There is already a ${name} in ${into} that was not pulled. Give another name with --name, or remove it.`,
    );
  }

  async function current(): Promise<string | undefined> {
    const target = await readlink(place).catch(() => undefined);
    const folder = target === undefined ? undefined : path.resolve(into, target);
    return folder !== undefined && existsSync(folder) ? folder : undefined;
  }

  return {
    current,
    stage(key) {
      const root = path.join(into, '.pulling', name, key);
      return { files: path.join(root, 'files'), notes: path.join(root, 'notes') };
    },
    async publish(stage, content) {
      const before = await current();
      await mkdir(versions, { recursive: true });
      const folder = await freeName(path.join(versions, content));
      await rename(stage.files, folder);
      const half = path.join(into, `.${name}.${process.pid}`);
      await rm(half, { force: true });
      await symlink(path.relative(into, folder), half);
      await rename(half, place);
      const kept = [folder, before].map((one) => one && path.basename(one));
      for (const old of await readdir(versions)) {
        if (!kept.includes(old)) await rm(path.join(versions, old), { recursive: true, force: true });
      }
      // Half-pulled versions of other revisions would never be gone on with.
      await rm(path.join(into, '.pulling', name), { recursive: true, force: true });
      return place;
    },
  };
}

/** A version that is repaired has the content of the broken one. */
async function freeName(wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(name)) return name;
  }
}

/** Name of a set of files. */
export function contentId(files: Readonly<Record<string, { readonly sha256: string }>>): string {
  const lines = Object.entries(files).map(([file, { sha256 }]) => `${sha256}  ${file}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex').slice(0, 16);
}

/** The same file under a second name, or a copy where the disk knows no such thing. */
export async function bringFile(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to));
}
