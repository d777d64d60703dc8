import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A module beside the one that asks, in the same form: TypeScript in the repository, JavaScript in a built package. */
export function siblingModule(importerUrl: string, name: string): URL {
  const importer = fileURLToPath(importerUrl);
  return pathToFileURL(path.join(path.dirname(importer), `${name}${path.extname(importer)}`));
}
