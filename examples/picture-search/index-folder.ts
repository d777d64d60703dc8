// Brings an index in step with a folder: only pictures that are new or changed are sent, sixteen at a time.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ClipClient, type Embedded, MOST_IN_BATCH } from './clip-client.ts';
import { decideChanges, type FoundPicture, findPictures, groupPictures } from './find-pictures.ts';
import { type IndexEntry, type IndexWriter, type ModelName, readIndex, rewriteIndex } from './index-file.ts';
import { shrinkPicture } from './thumbnails.ts';

/** Bytes of pictures in one job, whose base64 must fit into a job. */
export const MOST_BYTES = 6_000_000;
/** While one batch runs, the next one is read. */
const BATCHES_AT_ONCE = 2;

export interface IndexOptions {
  /** Absolute. */
  readonly folder: string;
  readonly indexFile: string;
  /** Opened only when there is something to send. */
  readonly clip: () => Promise<ClipClient>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  readonly onNote: (sentence: string) => void;
}

export interface IndexReport {
  readonly pictures: number;
  readonly added: number;
  readonly unchanged: number;
  /** Known under another name, or touched without a change. */
  readonly recognized: number;
  readonly removed: number;
  readonly failed: readonly { readonly file: string; readonly reason: string }[];
  readonly model: ModelName | undefined;
}

/** The worker's model is another than that of the index. */
class ModelChanged extends Error {}

/** @throws Error with a sentence; what was indexed until then is kept. */
export async function indexFolder(options: IndexOptions): Promise<IndexReport> {
  try {
    return await bringInStep(options, true);
  } catch (error) {
    if (!(error instanceof ModelChanged)) throw error;
    options.onNote(`${error.message}: every picture is indexed anew`);
    return await bringInStep(options, false);
  }
}

async function bringInStep(options: IndexOptions, keepsOld: boolean): Promise<IndexReport> {
  const { folder, indexFile, signal, onProgress } = options;
  const old = keepsOld ? await readIndex(indexFile) : undefined;
  if (old && old.head.folder !== folder)
    throw new Error(`${indexFile} is the index of ${old.head.folder}; name another file with --index`);
  const found = await findPictures(folder);
  if (found.length === 0 && !old)
    throw new Error(`${folder}: there are no pictures in it (.jpg, .jpeg, .png, .webp, .gif)`);
  const changes = decideChanges(found, old?.entries ?? []);
  const pass = new Pass(options, old?.head, old?.entries ?? []);
  try {
    if (old) await pass.begin(old.head, changes.unchanged);
    const groups = groupPictures(changes.open, { most: MOST_IN_BATCH, mostBytes: MOST_BYTES });
    const waiting = groups.values();
    let done = 0;
    const lane = async () => {
      for (const group of waiting) {
        if (pass.isBroken) return;
        signal.throwIfAborted();
        await pass.index(group);
        done += group.length;
        onProgress(done, changes.open.length);
      }
    };
    await allOrFirstError(Array.from({ length: BATCHES_AT_ONCE }, lane), () => pass.break());
  } finally {
    await pass.end();
  }
  return {
    ...pass.counts,
    pictures: changes.unchanged.length + pass.counts.added + pass.counts.recognized,
    unchanged: changes.unchanged.length,
    removed: changes.gone.length,
    failed: pass.failed,
    model: pass.model,
  };
}

/** Waits for all, so that nothing goes on behind an error. */
async function allOrFirstError(lanes: readonly Promise<void>[], onError: () => void): Promise<void> {
  for (const lane of lanes) lane.catch(onError);
  const ends = await Promise.allSettled(lanes);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** One run over the pictures that are open. */
class Pass {
  readonly failed: { file: string; reason: string }[] = [];
  readonly counts = { added: 0, recognized: 0 };
  model: ModelName | undefined;
  isBroken = false;
  readonly #options: IndexOptions;
  readonly #known: ReadonlyMap<string, Float32Array>;
  #writer: Promise<IndexWriter> | undefined;

  constructor(options: IndexOptions, model: ModelName | undefined, old: readonly IndexEntry[]) {
    this.#options = options;
    this.model = model;
    this.#known = new Map(old.map(({ sha256, vector }) => [sha256, vector]));
  }

  begin(model: ModelName, entries: readonly IndexEntry[]): Promise<IndexWriter> {
    this.model = model;
    const { indexFile, folder } = this.#options;
    this.#writer ??= rewriteIndex(indexFile, { ...model, folder }, entries);
    return this.#writer;
  }

  break(): void {
    this.isBroken = true;
  }

  async end(): Promise<void> {
    await (await this.#writer?.catch(() => undefined))?.close();
  }

  async index(group: readonly FoundPicture[]): Promise<void> {
    const entries: IndexEntry[] = [];
    const read: { picture: FoundPicture; sha256: string; base64: string }[] = [];
    for (const picture of group) {
      try {
        const bytes = await readFile(path.join(this.#options.folder, picture.file));
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        const vector = this.#known.get(sha256);
        if (vector) entries.push({ ...picture, sha256, vector });
        else read.push({ picture, sha256, base64: (await fitting(bytes)).toString('base64') });
      } catch (error) {
        this.failed.push({ file: picture.file, reason: reasonOf(error) });
      }
    }
    this.counts.recognized += entries.length;
    if (read.length > 0) {
      const clip = await this.#options.clip();
      const { name, vectors } = await clip.pictures(
        read.map(({ base64 }) => base64),
        this.#options.signal,
      );
      this.#checkModel(name);
      for (const [at, { picture, sha256 }] of read.entries()) {
        const vector = vectors[at];
        if (vector instanceof Float32Array) entries.push({ ...picture, sha256, vector });
        else this.failed.push({ file: picture.file, reason: vector?.reason ?? 'no answer' });
      }
      this.counts.added += vectors.filter((vector) => vector instanceof Float32Array).length;
    }
    if (entries.length > 0 && this.model) await (await this.begin(this.model, [])).add(entries);
  }

  /** A batch without one good picture doesn't say which model looked at it. */
  #checkModel(name: Embedded['name']): void {
    if (name.dim === 0) return;
    const { model } = this;
    this.model ??= name;
    if (model && !isSameModel(model, name))
      throw new ModelChanged(`the index was made with ${model.model}, and the worker runs ${name.model}`);
  }
}

export function isSameModel(a: ModelName, b: ModelName): boolean {
  return a.model === b.model && a.pretrained === b.pretrained && a.dim === b.dim;
}

/** CLIP looks at 224 x 224 pixels: of a picture that is too large for a job, a smaller copy will do. */
async function fitting(bytes: Buffer): Promise<Buffer> {
  return bytes.length <= MOST_BYTES ? bytes : shrinkPicture(bytes);
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return `cannot be read (${String(error.code)})`;
  return error instanceof Error ? error.message : String(error);
}
