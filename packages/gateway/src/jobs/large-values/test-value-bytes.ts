import { Readable } from 'node:stream';
import { notFound } from '@spillway/artifacts';
import type { ValueBytes } from './large-values.ts';

/** Bytes of values in memory. */
export function createTestValueBytes() {
  const kept = new Map<string, Buffer>();
  let gate: Promise<void> | undefined;
  let failure: Error | undefined;
  const bytes: ValueBytes = {
    async put(key, body, { mediaType, sizeBytes }) {
      if (failure) throw failure;
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      kept.set(key, Buffer.concat(chunks));
      await gate;
      return { key, mediaType, sizeBytes, etag: '"1"', modifiedAt: 0 };
    },
    async get(key) {
      if (failure) throw failure;
      const found = kept.get(key);
      if (!found) throw notFound(key);
      const info = {
        key,
        mediaType: 'application/json',
        sizeBytes: found.length,
        etag: '"1"',
        modifiedAt: 0,
      };
      return { info, range: { start: 0, end: found.length }, stream: Readable.from([found]) };
    },
    async head(key) {
      if (failure) throw failure;
      const found = kept.get(key);
      const rest = { mediaType: 'application/json', etag: '"1"', modifiedAt: 0 };
      return found && { key, sizeBytes: found.length, ...rest };
    },
    async delete(key) {
      if (failure) throw failure;
      kept.delete(key);
    },
  };
  return {
    bytes,
    kept,
    /** Writes reach the store from now on, but nobody hears of it before the returned function is called. */
    hold(): () => void {
      let go = () => {};
      gate = new Promise((resolve) => {
        go = resolve;
      });
      return () => {
        gate = undefined;
        go();
      };
    },
    /** Every call fails so; undefined: none does. */
    fail(error: Error | undefined): void {
      failure = error;
    },
    /** The process that waited is gone. */
    release(): void {
      gate = undefined;
    },
  };
}
