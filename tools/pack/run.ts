import path from 'node:path';
import { packPackages } from './pack-packages.ts';

// `npm run pack`: the tarballs of all published packages, in dist/pack/tarballs.
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`.padStart(8);

for (const { name, file, bytes, installedBytes } of packPackages()) {
  const place = path.relative(process.cwd(), file);
  console.log(`${name.padEnd(20)}${megabytes(bytes)}, ${megabytes(installedBytes)} installed   ${place}`);
}
