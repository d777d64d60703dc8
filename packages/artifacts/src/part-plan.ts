import { ArtifactError } from './artifact-error.ts';
import type { PartPlan, StoredPart } from './artifact-store.ts';

const MIB = 1024 * 1024;

/** S3's and R2's own bounds. */
export const S3_LIMITS = {
  smallestPartBytes: 5 * MIB,
  mostParts: 10_000,
  /** R2's, the smaller one. */
  largestSinglePutBytes: 5 * 1024 * MIB - 5 * MIB,
  longestExpiryMs: 7 * 86_400_000,
} as const;

/** From here on an upload goes in parts, so that one that breaks off need not begin anew. */
export const MULTIPART_FROM_BYTES = 32 * MIB;

const USUAL_PART_BYTES = 8 * MIB;

/** Parts of one size (whole MiB), as few as 10 000 for the largest artifact. */
export function planParts(sizeBytes: number): PartPlan {
  const fewest = Math.ceil(sizeBytes / S3_LIMITS.mostParts / MIB) * MIB;
  return { sizeBytes, partSizeBytes: Math.max(USUAL_PART_BYTES, fewest) };
}

export function partCount({ sizeBytes, partSizeBytes }: PartPlan): number {
  return Math.max(1, Math.ceil(sizeBytes / partSizeBytes));
}

/** How long a part is by plan. Throws INPUT_INVALID for a number that is none of its parts. */
export function partSize(plan: PartPlan, partNumber: number): number {
  const count = partCount(plan);
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > count) {
    throw new ArtifactError('INPUT_INVALID', `partNumber: expected 1 to ${count}, got ${partNumber}`);
  }
  return partNumber < count ? plan.partSizeBytes : plan.sizeBytes - (count - 1) * plan.partSizeBytes;
}

/** Throws ARTIFACT_INCOMPLETE unless all parts are there and as long as planned. */
export function checkParts(plan: PartPlan, parts: readonly StoredPart[]): void {
  const sizes = new Map(parts.map((part) => [part.partNumber, part.sizeBytes]));
  const missing: number[] = [];
  for (let number = 1; number <= partCount(plan); number += 1) {
    const found = sizes.get(number);
    const planned = partSize(plan, number);
    if (found === undefined) missing.push(number);
    else if (found !== planned) {
      const message = `part ${number} has ${found} bytes, expected ${planned}; send it again`;
      throw new ArtifactError('ARTIFACT_INCOMPLETE', message);
    }
  }
  if (missing.length === 0) return;
  const named = `${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`;
  throw new ArtifactError(
    'ARTIFACT_INCOMPLETE',
    `${missing.length} of ${partCount(plan)} parts are missing (${named}); send them, then complete`,
  );
}
