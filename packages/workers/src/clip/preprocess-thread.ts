import { serveThread } from '../engines/serve-thread.ts';
import { decodeImage } from '../media/image.ts';
import type { ImageLimits } from '../media/image-limits.ts';
import { loadSharp } from '../media/load-sharp.ts';
import { checkProportions, preparePicture } from './preprocess.ts';

/** Entry of the threads that turn files into what the vision tower takes, beside the thread that runs it. */
export interface PreprocessThreadData {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly limits: ImageLimits;
}

export interface PreprocessRequest {
  readonly bytes: Uint8Array;
  /** Names the picture in sentences. */
  readonly field: string;
  /** Side of the square that the model takes. */
  readonly size: number;
  /** Shared memory for the planes [3, size, size], so that they need not travel. */
  readonly into: Float32Array;
}

// The first picture need not wait for the decoder.
loadSharp().catch(() => undefined);

await serveThread(async (data) => {
  const { mean, std, limits } = data as PreprocessThreadData;
  return {
    info: undefined,
    async run(request, { signal }) {
      const { bytes, field, size, into } = request as PreprocessRequest;
      const image = await decodeImage(bytes, limits, field);
      signal.throwIfAborted();
      checkProportions(image, field);
      preparePicture(image, { size, mean, std }, into);
    },
  };
});
