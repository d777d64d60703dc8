import type { Readable } from 'node:stream';

/**
 * Cuts a stream of bytes into frames of one size. It reads ahead into a ring of buffers and lets the stream wait when they
 * are full. A frame's bytes are valid until the next one is asked for. What is left over at the end is dropped.
 * @param slots buffers of a frame each, 2 or more.
 */
export async function* cutFrames(
  stream: Readable,
  frameBytes: number,
  slots: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const ring = Array.from({ length: slots }, () => new Uint8Array(new ArrayBuffer(frameBytes)));
  // Frames are numbered from 0 on; frame n lies in buffer n % slots.
  let taken = 0;
  let filled = 0;
  let at = 0;
  let left: Uint8Array | undefined;
  let isOver = false;
  let wake = () => {};
  const fill = (chunk: Uint8Array) => {
    let from = 0;
    while (from < chunk.length && filled - taken < slots) {
      const part = chunk.subarray(from, from + frameBytes - at);
      ring[filled % slots]?.set(part, at);
      from += part.length;
      at += part.length;
      if (at === frameBytes) {
        filled++;
        at = 0;
      }
    }
    left = from < chunk.length ? chunk.subarray(from) : undefined;
    if (left) stream.pause();
    wake();
  };
  const end = () => {
    isOver = true;
    wake();
  };
  stream.on('data', fill);
  for (const event of ['end', 'close', 'error']) stream.once(event, end);
  try {
    for (;;) {
      if (filled > taken) {
        yield ring[taken % slots] as Uint8Array;
        taken++;
        if (left) fill(left);
        if (!left) stream.resume();
      } else if (isOver) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stream.off('data', fill);
  }
}
