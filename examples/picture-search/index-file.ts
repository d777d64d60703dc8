// The index on disk: a line of JSON for the whole, then one for each picture, its vector as 16-bit floats. Lines are only
// added while pictures are indexed, so that whatever ends a run, the next one goes on behind the last whole line.
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';

/** Which model made the vectors: those of another can't be compared with them. */
export interface ModelName {
  readonly model: string;
  readonly pretrained: string;
  readonly dim: number;
}

export interface IndexHead extends ModelName {
  /** Absolute folder of the pictures. */
  readonly folder: string;
}

export interface IndexEntry {
  /** Relative to the folder, with `/`. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Of the file's bytes: the same picture under another name needs no second look. */
  readonly sha256: string;
  /** Length 1. */
  readonly vector: Float32Array;
}

export interface PictureIndex {
  readonly head: IndexHead;
  readonly entries: readonly IndexEntry[];
}

const FORMAT = 'spillway-picture-index-1';

/** Undefined where there is none. @throws Error for a file that is none, or is damaged before its last line. */
export async function readIndex(file: string): Promise<PictureIndex | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [first = '', ...rest] = text.split('\n');
  const head = parse(first) as (IndexHead & { format?: unknown }) | undefined;
  if (head?.format !== FORMAT) throw new Error(`${file} is no picture index; name another file with --index`);
  const entries: IndexEntry[] = [];
  for (const [at, line] of rest.entries()) {
    const entry = parse(line) as (Omit<IndexEntry, 'vector'> & { vector: string }) | undefined;
    if (entry) entries.push({ ...entry, vector: unpack(entry.vector) });
    // What follows the last line feed was being written when something ended the run.
    else if (at < rest.length - 1)
      throw new Error(`${file} is damaged in line ${at + 2}; delete it to begin anew`);
  }
  const { folder, model, pretrained, dim } = head;
  return { head: { folder, model, pretrained, dim }, entries };
}

export interface IndexWriter {
  /** Resolves when they are in the file. */
  add(entries: readonly IndexEntry[]): Promise<void>;
  close(): Promise<void>;
}

/** Replaces the index by one of these entries, to which more can be added. */
export async function rewriteIndex(
  file: string,
  { folder, model, pretrained, dim }: IndexHead,
  entries: readonly IndexEntry[],
): Promise<IndexWriter> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w');
  await handle.appendFile(`${JSON.stringify({ format: FORMAT, folder, model, pretrained, dim })}\n`);
  for (const entry of entries) await handle.appendFile(lineOf(entry));
  await handle.sync();
  await handle.close();
  await rename(fresh, file);
  return createWriter(await open(file, 'a'));
}

function createWriter(handle: FileHandle): IndexWriter {
  let last: Promise<void> = Promise.resolve();
  return {
    add(entries) {
      last = last.then(() => handle.appendFile(entries.map(lineOf).join('')));
      return last;
    },
    async close() {
      await last.catch(() => undefined);
      await handle.close();
    },
  };
}

const lineOf = (entry: IndexEntry) => `${JSON.stringify({ ...entry, vector: pack(entry.vector) })}\n`;

/** The upper half of each float, rounded: 8 bits of precision are more than a search by cosine needs. */
function pack(vector: Float32Array): string {
  const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
  return Buffer.from(Uint16Array.from(bits, (value) => (value + 0x8000) >>> 16).buffer).toString('base64');
}

function unpack(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  const halves = new Uint16Array(bytes.buffer, 0, bytes.length >> 1);
  return normalized(new Float32Array(Uint32Array.from(halves, (value) => value << 16).buffer));
}

export function normalized(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
