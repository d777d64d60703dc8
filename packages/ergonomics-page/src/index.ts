import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mediaTypeOf } from './media-type.ts';

/**
 * The files of the page, for a server to answer with or to be written somewhere. A published package has them ready in
 * `site`; in the repository they are built from `app` when they are first asked for, so that nothing has to be built
 * before a start and what is shown is never older than its source.
 */
export interface PageFile {
  readonly text: string;
  readonly mediaType: string;
  /** Its name changes with its content, so it may be kept for ever. */
  readonly isImmutable: boolean;
}

/** By their paths below the page's own address; the page itself is `index.html`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/**
 * Where the page looks for the address of its gateway, `{"gateway": "https://…"}`. Not among its files: it says how they
 * are hosted, and without a gateway in it that is where the page came from.
 */
export const SETTINGS_FILE = 'settings.json';

const SITE = fileURLToPath(new URL('../site', import.meta.url));
const BUILDER = new URL('../build/build-site.ts', import.meta.url);

let opened: Promise<PageFiles> | undefined;

export function openPage(): Promise<PageFiles> {
  opened ??= load().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function load(): Promise<PageFiles> {
  const texts = existsSync(BUILDER) ? await build() : await readSite();
  const files = [...texts].map(([name, text]): [string, PageFile] => [
    name,
    { text, mediaType: mediaTypeOf(name), isImmutable: name.startsWith('assets/') },
  ]);
  return new Map(files);
}

async function build(): Promise<ReadonlyMap<string, string>> {
  const builder = (await import(BUILDER.href)) as { buildSite(): Promise<ReadonlyMap<string, string>> };
  return builder.buildSite();
}

async function readSite(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(SITE, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      files.map(async ({ parentPath, name }): Promise<[string, string]> => {
        const file = path.join(parentPath, name);
        return [path.relative(SITE, file).split(path.sep).join('/'), await readFile(file, 'utf8')];
      }),
    ),
  );
}
