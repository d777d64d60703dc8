import type { ArtifactParts } from '@spillway/protocol/v1';
import type { UploadSource } from './artifacts-client.ts';

type Part = ArtifactParts['parts'][number];

const MD5_ETAG = /^"?([0-9a-f]{32})"?$/;
/** So few may all be of connections that broke off at once. */
const FEW = 8;

/**
 * Of the parts that a store lists, those whose bytes are the source's. Some servers take a part for whole whose
 * connection broke off in it; its ETag, the MD5 of what came, tells. A store whose ETags are something else (one that
 * encrypts with keys of its own, say) is seen by none of them fitting, and is believed.
 */
export async function wholeParts(
  { parts, partSizeBytes }: ArtifactParts,
  { sizeBytes, md5 }: UploadSource,
): Promise<readonly Part[]> {
  if (!md5) return parts;
  const whole: Part[] = [];
  let judged = 0;
  let fitting = 0;
  for (const part of parts) {
    const [, etag] = MD5_ETAG.exec(part.etag) ?? [];
    if (etag === undefined) {
      whole.push(part);
      continue;
    }
    const start = (part.partNumber - 1) * partSizeBytes;
    const isWhole = (await md5(start, Math.min(start + partSizeBytes, sizeBytes))) === etag;
    judged += 1;
    if (!isWhole) continue;
    fitting += 1;
    whole.push(part);
  }
  return fitting === 0 && judged > FEW ? parts : whole;
}
