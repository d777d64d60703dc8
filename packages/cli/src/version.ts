import { readFileSync } from 'node:fs';

/** All packages of a release carry the same version. */
export function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
