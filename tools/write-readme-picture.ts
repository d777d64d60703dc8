import path from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

// Makes the README's picture from an annotated one: `npm run demo`, then
// `node tools/write-readme-picture.ts demo-output/column-portrait.png`.
const [source] = process.argv.slice(2);
if (source === undefined)
  throw new Error('name an annotated picture, such as demo-output/column-portrait.png');
const target = fileURLToPath(new URL('../docs/images/annotated.jpg', import.meta.url));
const { width, height, size } = await sharp(source)
  .resize({ width: 720, height: 720, fit: 'inside', withoutEnlargement: true })
  .jpeg({ quality: 84, mozjpeg: true })
  .toFile(target);
console.log(`wrote ${path.relative(process.cwd(), target)}: ${width} x ${height}, ${size} bytes`);
