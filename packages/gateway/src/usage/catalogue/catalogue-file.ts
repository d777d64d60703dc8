import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Catalogue, catalogueSchema } from './catalogue.ts';

/** The last catalogue that was read, in the data directory: a gateway starts with it, and so does `spillway gpus` alone. */
export const catalogueFile = (dataDir: string): string => path.join(dataDir, 'runpod-catalogue.json');

/** Undefined where there is none, or none that is whole. */
export async function readCatalogueFile(file: string): Promise<Catalogue | undefined> {
  try {
    return catalogueSchema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export async function writeCatalogueFile(file: string, catalogue: Catalogue): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(catalogue, null, 2)}\n`);
  await rename(`${file}.new`, file);
}
