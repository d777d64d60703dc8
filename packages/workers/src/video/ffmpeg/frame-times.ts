import type { Readable } from 'node:stream';

/** Times of frames, in their order. */
export interface FrameTimes {
  /** The next frame's time in microseconds of the file's clock; `none` where it has none, undefined behind the last. */
  next(): Promise<number | 'none' | undefined>;
}

/** Reads what ffmpeg's filter `metadata=mode=print` writes of frames in microseconds. */
export function readFrameTimes(stream: Readable): FrameTimes {
  const times: (number | 'none')[] = [];
  let rest = '';
  let isOver = false;
  let wake = () => {};
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const pts = /^frame:\d+\s+pts:(\S+)/.exec(line)?.[1];
      if (pts !== undefined) times.push(/^-?\d+$/.test(pts) ? Number(pts) : 'none');
    }
    wake();
  });
  for (const event of ['end', 'close', 'error']) {
    stream.once(event, () => {
      isOver = true;
      wake();
    });
  }
  return {
    async next() {
      // Frames and times come through two pipes: either may be first.
      while (times.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return times.shift();
    },
  };
}
