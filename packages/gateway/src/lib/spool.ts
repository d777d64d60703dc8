import { createReadStream, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Bytes that come before it is known how many: gathered in files of a folder of their own, each as long as whoever gathers
 * needs it. What a process that died left there is cleared away by the next.
 */
export interface Spool {
  open(): Promise<SpoolFile>;
}

export interface SpoolFile {
  readonly sizeBytes: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Begins anew. */
  clear(): Promise<void>;
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export function createSpool(folder: string): Spool {
  rmSync(folder, { recursive: true, force: true });
  let count = 0;
  return {
    async open() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      count += 1;
      const file = path.join(folder, String(count));
      return new OpenFile(file, await open(file, 'w', 0o600));
    },
  };
}

class OpenFile implements SpoolFile {
  sizeBytes = 0;
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(file: string, handle: FileHandle) {
    this.#path = file;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.sizeBytes);
      at += bytesWritten;
      this.sizeBytes += bytesWritten;
    }
  }

  async clear(): Promise<void> {
    this.sizeBytes = 0;
    await this.#handle.truncate(0);
  }

  read(): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path);
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }
}
