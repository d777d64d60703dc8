import { md5 } from '@noble/hashes/legacy.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { ArtifactParts } from '@spillway/protocol/v1';
import type { UploadSource } from './upload-source.ts';

type Part = ArtifactParts['parts'][number];

const MD5_ETAG = /^"?([0-9a-f]{32})"?$/;
/** So few may all be of connections that broke off at once. */
const FEW = 8;

/**
 * Of the parts that a store lists, those whose bytes are the source's. Some servers take a part for whole whose
 * connection broke off in it; its ETag, the MD5 of what came, tells. A store whose ETags are something else (one that
 * encrypts with keys of its own, say) is seen by none of them fitting, and is believed.
 *
 * @param acknowledged numbers of parts that are known to have arrived whole, and are not read again.
 */
export async function wholeParts(
  { parts, partSizeBytes }: ArtifactParts,
  source: UploadSource,
  acknowledged: ReadonlySet<number> = new Set(),
): Promise<readonly Part[]> {
  const whole: Part[] = [];
  let judged = 0;
  let fitting = 0;
  for (const part of parts) {
    const [, etag] = MD5_ETAG.exec(part.etag) ?? [];
    if (etag === undefined || acknowledged.has(part.partNumber)) {
      whole.push(part);
      continue;
    }
    const start = (part.partNumber - 1) * partSizeBytes;
    const end = Math.min(start + partSizeBytes, source.sizeBytes);
    const isWhole = (await (source.md5 ?? md5Of(source))(start, end)) === etag;
    judged += 1;
    if (!isWhole) continue;
    fitting += 1;
    whole.push(part);
  }
  return fitting === 0 && judged > FEW ? parts : whole;
}

/** Neither browsers nor all of the runtimes that this runs in have an MD5 of their own. */
const md5Of =
  (source: UploadSource): NonNullable<UploadSource['md5']> =>
  async (start, end) => {
    const bytes = await source.slice(start, end);
    return bytesToHex(md5(bytes instanceof Blob ? new Uint8Array(await bytes.arrayBuffer()) : bytes));
  };
