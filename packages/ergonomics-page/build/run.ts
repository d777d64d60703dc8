import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSite } from './build-site.ts';

// For the published package: the page's files, in `site`.
const site = fileURLToPath(new URL('../site', import.meta.url));
await rm(site, { recursive: true, force: true });
for (const [name, text] of await buildSite()) {
  const file = path.join(site, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}
