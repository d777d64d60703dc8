import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildSite } from './build-site.ts';

// For the published package: the page's files, in `site` of the folder that is named.
const [, , folder = ''] = process.argv;
for (const [name, text] of await buildSite()) {
  const file = path.join(folder, 'site', name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}
