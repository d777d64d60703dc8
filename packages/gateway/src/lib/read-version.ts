import { readFileSync } from 'node:fs';

/** The version of this package; all packages of a release carry the same. */
export function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
