import type { ByteSink } from './byte-channel.ts';

/**
 * Frames of one size, cut from a stream of bytes and read ahead into a ring of buffers; the stream waits when they are
 * full. What is left over at the end is dropped.
 */
export interface FrameRing extends ByteSink {
  /** Each frame's bytes, valid until the next one is asked for. @param resume lets the stream go on. */
  frames(resume: () => void): AsyncGenerator<Uint8Array, void, undefined>;
}

/** @param slots buffers of a frame each, 2 or more. */
export function createFrameRing(frameBytes: number, slots: number): FrameRing {
  const ring = Array.from({ length: slots }, () => new Uint8Array(new ArrayBuffer(frameBytes)));
  // Frames are numbered from 0 on; frame n lies in buffer n % slots.
  let taken = 0;
  let filled = 0;
  let at = 0;
  let isWaiting = false;
  let isOver = false;
  let wake = () => {};
  return {
    // Where the ring is full this is the oldest frame's, which is free again by the time the stream goes on.
    room: () => (ring[filled % slots] as Uint8Array).subarray(at),
    accept(count) {
      at += count;
      if (at === frameBytes) {
        at = 0;
        filled++;
        isWaiting = filled - taken === slots;
        wake();
      }
      return !isWaiting;
    },
    end() {
      isOver = true;
      wake();
    },
    async *frames(resume) {
      for (;;) {
        if (filled > taken) {
          yield ring[taken % slots] as Uint8Array;
          taken++;
          if (isWaiting) {
            isWaiting = false;
            resume();
          }
        } else if (isOver) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
