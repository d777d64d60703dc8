import { readFile } from 'node:fs/promises';

/** Inputs to try built-in workers with, read from files that ship with them. */
export const sampleInputs: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>> = {
  /** A photo with a crack, drawn by the generator of the demo models. */
  async detect() {
    const photo = await readFile(new URL('./samples/wall-crack.webp', import.meta.url));
    return { image: photo.toString('base64'), frame_id: 'wall-crack.webp' };
  },
};
