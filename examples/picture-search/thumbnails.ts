import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

const THUMBNAIL_PX = 240;
const SHRUNK_PX = 1024;

/**
 * The middle square of a picture, upright, as a data URL; undefined for one that is not there any more. The square is
 * what CLIP looks at.
 */
export async function thumbnailOf(file: string): Promise<string | undefined> {
  try {
    const small = await sharp(await readFile(file))
      .autoOrient()
      .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: 'cover' })
      .flatten({ background: '#ffffff' })
      .webp({ quality: 78 })
      .toBuffer();
    return `data:image/webp;base64,${small.toString('base64')}`;
  } catch {
    return undefined;
  }
}

export function shrinkPicture(bytes: Buffer): Promise<Buffer> {
  return sharp(bytes)
    .autoOrient()
    .resize(SHRUNK_PX, SHRUNK_PX, { fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 92 })
    .toBuffer();
}
