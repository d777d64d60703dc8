import { createReadStream } from 'node:fs';

// Bodies that begin anew each time they are iterated, so that what did not arrive can be sent again.

export function bytesBody(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      yield bytes;
    },
  };
}

/** @param range inclusive, as `createReadStream` takes it. */
export function fileBody(
  file: string,
  range: { readonly start: number; readonly end: number } | undefined = undefined,
): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => createReadStream(file, range)[Symbol.asyncIterator]() };
}
