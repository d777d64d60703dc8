import type { RgbImage } from '../media/raster.ts';
import type { VideoFrame } from '../video/decode-frames.ts';

/** A picture of a video at its time: RGB, 8 bits each, row by row; needed only until the next one is asked for. */
export type PoseFrame = VideoFrame;

/** Memory that threads see without copies, used again when its frame is done with. */
export interface FrameBuffers {
  keep(frame: PoseFrame): RgbImage;
  release(images: readonly RgbImage[]): void;
}

export function createFrameBuffers(): FrameBuffers {
  const free: Uint8Array[] = [];
  return {
    keep({ index, widthPx: width, heightPx: height, data }) {
      const length = width * height * 3;
      if (data.length !== length) {
        throw new RangeError(
          `frame ${index} has ${data.length} bytes; 8-bit RGB of ${width} x ${height} pixels has ${length}`,
        );
      }
      const at = free.findIndex((buffer) => buffer.length === length);
      const kept =
        at < 0 ? new Uint8Array(new SharedArrayBuffer(length)) : (free.splice(at, 1)[0] as Uint8Array);
      kept.set(data);
      return { width, height, data: kept };
    },
    release(images) {
      free.push(...images.map(({ data }) => data));
    },
  };
}
