import { serveThread } from '../engines/serve-thread.ts';
import { decodeImage } from '../media/image.ts';
import type { ImageLimits } from '../media/image-limits.ts';
import { checkProportions, type PreprocessSettings, preparePicture } from './preprocess.ts';

/** Entry of the threads that turn files into what the vision tower takes, beside the thread that runs it. */
export interface PreprocessThreadData {
  readonly settings: PreprocessSettings;
  readonly limits: ImageLimits;
}

export interface PreprocessRequest {
  readonly bytes: Uint8Array;
  /** Names the picture in sentences. */
  readonly field: string;
  /** Shared memory for the planes [3, size, size], so that they need not travel. */
  readonly into: Float32Array;
}

await serveThread(async (data) => {
  const { settings, limits } = data as PreprocessThreadData;
  return {
    info: undefined,
    async run(request, { signal }) {
      const { bytes, field, into } = request as PreprocessRequest;
      const image = await decodeImage(bytes, limits, field);
      signal.throwIfAborted();
      checkProportions(image, field);
      preparePicture(image, settings, into);
    },
  };
});
