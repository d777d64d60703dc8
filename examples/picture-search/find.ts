// `find`: words and pictures become vectors, vectors become hits, hits become a page.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ClipClient } from './clip-client.ts';
import type { Settings } from './command-line.ts';
import { isPictureName } from './find-pictures.ts';
import { type PictureIndex, readIndex } from './index-file.ts';
import { isSameModel, MOST_BYTES } from './index-folder.ts';
import { type PageQuery, renderPage } from './page.ts';
import { printable } from './progress.ts';
import { type Hit, rank } from './rank.ts';
import { shrinkPicture, thumbnailOf } from './thumbnails.ts';

export interface FindOptions {
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly clip: () => Promise<ClipClient>;
  readonly note: (sentence: string) => void;
}

interface Query {
  readonly words: string;
  /** Absolute path of the picture that it names; undefined for a text. */
  readonly picture: string | undefined;
  readonly vector: Float32Array;
}

interface Found extends Query {
  readonly hits: readonly Hit[];
}

/** @throws Error with a sentence. */
export async function find(options: FindOptions, queries: readonly string[]): Promise<void> {
  const { settings, note } = options;
  const index = await readIndex(settings.indexFile);
  if (!index)
    throw new Error(`there is no index ${settings.indexFile}; make one with: npm run search -- index FOLDER`);
  const asked: Query[] = [];
  for (const words of queries) asked.push(await embed(options, index, words));
  const startedAt = performance.now();
  const found = asked.map((query) => ({ ...query, hits: rank(index.entries, query.vector, settings.top) }));
  await writePage(settings, index, found, performance.now() - startedAt);
  if (settings.json) {
    console.log(JSON.stringify({ queries: found.map(jsonOf), page: settings.pageFile }, null, 2));
    return;
  }
  for (const { words, hits } of found) {
    console.log(`\n${printable(words)}`);
    for (const { file, score } of hits) console.log(`  ${score.toFixed(3).padStart(6)}  ${printable(file)}`);
  }
  note(`\nWrote ${settings.pageFile}`);
}

function jsonOf({ words, picture, hits }: Found) {
  const shown = hits.map(({ file, score }) => ({ file, score: Math.round(score * 1e4) / 1e4 }));
  return { query: words, kind: picture === undefined ? 'text' : 'picture', hits: shown };
}

/** A query that names a picture is one; everything else is words. */
async function embed(
  { settings, signal, clip }: FindOptions,
  { head }: PictureIndex,
  words: string,
): Promise<Query> {
  const file = path.resolve(settings.folder, words);
  const isPicture = isPictureName(words);
  if (isPicture && !existsSync(file)) throw new Error(`${words}: no such picture`);
  const client = await clip();
  const { name, vectors } = isPicture
    ? await client.pictures([await readQuery(file)], signal)
    : await client.text(words, signal);
  const [vector] = vectors;
  if (!(vector instanceof Float32Array)) throw new Error(`${words}: ${vector?.reason ?? 'no answer'}`);
  if (!isSameModel(head, name))
    throw new Error(
      `the index was made with ${head.model}, and the worker runs ${name.model}; bring it in step with: npm run search -- index ${head.folder}`,
    );
  return { words, picture: isPicture ? file : undefined, vector };
}

async function readQuery(file: string): Promise<string> {
  const bytes = await readFile(file);
  const fitting = bytes.length <= MOST_BYTES ? bytes : await shrinkPicture(bytes);
  return fitting.toString('base64');
}

async function writePage(
  { pageFile }: Settings,
  { head, entries }: PictureIndex,
  found: readonly Found[],
  searchedMs: number,
): Promise<void> {
  const queries: PageQuery[] = [];
  for (const { words, picture, hits } of found) {
    const shown = [];
    // One after the other: there may be a thousand, and pictures may be large.
    for (const hit of hits)
      shown.push({ ...hit, thumbnail: await thumbnailOf(path.join(head.folder, hit.file)) });
    queries.push({ words, picture: picture && (await thumbnailOf(picture)), hits: shown });
  }
  const page = renderPage({
    queries,
    pageFile,
    searchedMs,
    pictures: entries.length,
    folder: head.folder,
    model: head.model,
    isDemo: head.pretrained === 'demo',
  });
  await mkdir(path.dirname(pageFile), { recursive: true });
  await writeFile(pageFile, page);
}
