import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installWorker, partsOf } from './install-worker.ts';

// `npm run image-size`: what the images add to their base, by part, for this platform.
const folder = mkdtempSync(path.join(tmpdir(), 'spillway-image-'));
const row = (name: string, bytes: number) =>
  console.log(`${name.padEnd(26)}${(bytes / 1e6).toFixed(1).padStart(7)} MB`);
try {
  installWorker(folder);
  const parts = partsOf(folder);
  for (const { name, bytes } of parts) row(name, bytes);
  row(
    'together',
    parts.reduce((sum, { bytes }) => sum + bytes, 0),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
