import { fileURLToPath } from 'node:url';

/** The demo models that ship with the product. */
export const BUILT_IN_MODELS = fileURLToPath(new URL('../models', import.meta.url));

/** Where images keep their models: RunPod's network volume, then the image itself. */
const VOLUME_FOLDERS = ['/runpod-volume/models', '/models'];

/** Folders that hold model folders, in the order they are looked through; `own` come first. */
export function modelFolders(own: readonly string[] = []): readonly string[] {
  return [...own.filter((folder) => folder !== ''), ...VOLUME_FOLDERS, BUILT_IN_MODELS];
}
