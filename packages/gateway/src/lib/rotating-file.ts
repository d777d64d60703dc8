import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

/** A text file that is only appended to, with one older half (`<file>.1`), so that it can't fill the disk. */
export interface RotatingFile {
  /** Resolves when the text is in the file. Never rejects. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface RotatingFileOptions {
  readonly file: string;
  /** Size at which the file is rotated; at most twice as much is kept. */
  readonly maxBytes: number;
  /** Told once when the file can't be written. */
  readonly onError?: (error: Error) => void;
}

export async function openRotatingFile({
  file,
  maxBytes,
  onError,
}: RotatingFileOptions): Promise<RotatingFile> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  let handle = await open(file, 'a', 0o600);
  let { size } = await handle.stat();
  let hasFailed = false;
  // One write at a time: several write the file, and a rotation moves it.
  let last: Promise<void> = Promise.resolve();

  async function appendNow(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (size > 0 && size + bytes > maxBytes) {
      await handle.close();
      await rename(file, olderHalf(file));
      handle = await open(file, 'a', 0o600);
      size = 0;
    }
    await handle.appendFile(text);
    size += bytes;
  }

  function afterLast(work: () => Promise<void>): Promise<void> {
    last = last.then(work).catch((error: Error) => {
      if (!hasFailed) onError?.(error);
      hasFailed = true;
    });
    return last;
  }

  return {
    append: (text) => (text === '' ? last : afterLast(() => appendNow(text))),
    close: () => afterLast(() => handle.close()),
  };
}

/** What both halves hold, the older first; empty where there are none. */
export async function readRotatingFile(file: string): Promise<string> {
  const halves = await Promise.all(
    [olderHalf(file), file].map((half) => readFile(half, 'utf8').catch(() => '')),
  );
  return halves.join('');
}

function olderHalf(file: string): string {
  return `${file}.1`;
}
