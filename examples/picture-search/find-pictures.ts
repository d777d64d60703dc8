// The pictures of a folder and everything below it, and what has become of them since they were indexed.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { IndexEntry } from './index-file.ts';

export interface FoundPicture {
  /** Relative to the folder, with `/`. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** What clip workers take. */
const PICTURE_NAME = /\.(jpe?g|png|webp|gif)$/i;

export const isPictureName = (file: string): boolean => PICTURE_NAME.test(file);

/** Sorted by name. Hidden files and folders are left out, and links to folders aren't followed. */
export async function findPictures(folder: string): Promise<FoundPicture[]> {
  const rows = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = rows
    .filter((row) => !row.isDirectory() && isPictureName(row.name))
    .map((row) => path.relative(folder, path.join(row.parentPath, row.name)).split(path.sep).join('/'))
    .filter((file) => !file.split('/').some((part) => part.startsWith('.') || part === 'node_modules'));
  const pictures: FoundPicture[] = [];
  for (const file of names.toSorted()) {
    // One that goes while it is looked at was not found.
    const info = await stat(path.join(folder, file)).catch(() => undefined);
    if (info?.isFile()) pictures.push({ file, sizeBytes: info.size, modifiedMs: Math.round(info.mtimeMs) });
  }
  return pictures;
}

export interface Changes {
  readonly unchanged: readonly IndexEntry[];
  /** New, or changed since. */
  readonly open: readonly FoundPicture[];
  /** Entries whose picture is gone. */
  readonly gone: readonly string[];
}

/** A picture counts as unchanged while its size and its time of change are what they were. */
export function decideChanges(found: readonly FoundPicture[], entries: readonly IndexEntry[]): Changes {
  const known = new Map(entries.map((entry) => [entry.file, entry]));
  const unchanged: IndexEntry[] = [];
  const open: FoundPicture[] = [];
  for (const picture of found) {
    const entry = known.get(picture.file);
    const isSame = entry?.sizeBytes === picture.sizeBytes && entry.modifiedMs === picture.modifiedMs;
    if (entry && isSame) unchanged.push(entry);
    else open.push(picture);
    known.delete(picture.file);
  }
  return { unchanged, open, gone: [...known.keys()] };
}

/** Groups of at most `most` pictures that weigh at most `mostBytes` together; a single one may weigh more. */
export function groupPictures(
  pictures: readonly FoundPicture[],
  { most, mostBytes }: { readonly most: number; readonly mostBytes: number },
): FoundPicture[][] {
  const groups: FoundPicture[][] = [];
  let bytes = 0;
  for (const picture of pictures) {
    const group = groups.at(-1);
    if (group && group.length < most && bytes + picture.sizeBytes <= mostBytes) {
      group.push(picture);
      bytes += picture.sizeBytes;
    } else {
      groups.push([picture]);
      bytes = picture.sizeBytes;
    }
  }
  return groups;
}
