import { createJsonObjectScanner } from '../lib/json-object-scanner.ts';
import type { Spool, SpoolFile } from '../lib/spool.ts';
import { createUtf8Pieces } from '../lib/utf8-pieces.ts';

/**
 * A worker's report that is too large to be read into memory: its `output` goes into a file as it comes, everything else of it
 * is short. It is checked on the way, as `readReport` does.
 */
export type LargeReport =
  | {
      readonly type: 'read';
      /** All of it but `output`. */
      readonly value: Record<string, unknown>;
      readonly output: SpoolFile | undefined;
    }
  | { readonly type: 'unreadable'; readonly problem: string; readonly isProgress: boolean }
  | { readonly type: 'too-large' };

/** What stands beside the output: a message, a few flags. */
const MOST_BESIDE_BYTES = 1024 * 1024;

/** `file` takes the output. Throws what the disk does, and where the body broke off. */
export async function readLargeReport(
  body: AsyncIterable<Uint8Array>,
  file: SpoolFile,
  limitBytes: number,
): Promise<LargeReport> {
  const reader = createReader(file);
  let received = 0;
  try {
    for await (const chunk of body) {
      received += chunk.length;
      if (received > limitBytes) return { type: 'too-large' };
      await reader.push(chunk);
    }
    return { type: 'read', ...(await reader.end()) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { type: 'unreadable', problem: explain(error.message), isProgress: reader.isProgress() };
  }
}

function explain(message: string): string {
  const number = /^(NaN|Infinity) /.exec(message)?.[1];
  return number === undefined
    ? `it is no JSON object (${message})`
    : `it holds ${number}, which is no JSON; return null or text in its place, such as None in Python`;
}

function createReader(file: SpoolFile) {
  const others = new Map<string, Buffer[]>();
  let besideBytes = 0;
  let pieces: Buffer[] | undefined;
  let utf8 = createUtf8Pieces();
  let hasOutput = false;
  /** What is to be written of this chunk; the scanner itself waits for nothing. */
  let due: Uint8Array[] = [];
  let isAnew = false;

  const scanner = createJsonObjectScanner({
    begin(key) {
      pieces = key === 'output' ? undefined : [];
      if (pieces) {
        others.set(key, pieces);
        return;
      }
      isAnew ||= hasOutput;
      hasOutput = true;
      due = [];
      utf8 = createUtf8Pieces();
    },
    piece(bytes) {
      if (!pieces) {
        due.push(utf8.push(bytes));
        return;
      }
      besideBytes += bytes.length;
      if (besideBytes > MOST_BESIDE_BYTES)
        throw new SyntaxError('what stands beside its output is over 1 MiB');
      pieces.push(Buffer.from(bytes));
    },
  });

  async function write(): Promise<void> {
    if (isAnew) await file.clear();
    isAnew = false;
    for (const bytes of due) await file.write(bytes);
    due = [];
  }
  const readOthers = () =>
    Object.fromEntries([...others].map(([key, list]) => [key, JSON.parse(Buffer.concat(list).toString())]));

  return {
    async push(chunk: Uint8Array): Promise<void> {
      scanner.push(chunk);
      await write();
    },
    async end(): Promise<{ value: Record<string, unknown>; output: SpoolFile | undefined }> {
      scanner.end();
      if (hasOutput) await file.write(utf8.end());
      return { value: readOthers(), output: hasOutput ? file : undefined };
    },
    isProgress: () => Buffer.concat(others.get('status') ?? []).toString() === '"IN_PROGRESS"',
  };
}

/** Opens a file for a report, and closes it after it. */
export async function withSpoolFile<T>(spool: Spool, use: (file: SpoolFile) => Promise<T>): Promise<T> {
  const file = await spool.open();
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
