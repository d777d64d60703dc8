import { ArtifactError } from './artifact-error.ts';
import type { ByteRange } from './artifact-store.ts';

/** What there is of a range. Throws RANGE_NOT_SATISFIABLE. */
export function clipRange(wanted: ByteRange | undefined, sizeBytes: number): ByteRange {
  if (!wanted) return { start: 0, end: sizeBytes };
  const range = { start: wanted.start, end: Math.min(wanted.end, sizeBytes) };
  if (range.start < range.end) return range;
  throw new ArtifactError(
    'RANGE_NOT_SATISFIABLE',
    `the artifact has ${sizeBytes} bytes; the range is not within them`,
  );
}

/**
 * A `Range` header of one range, for an artifact of this size. Undefined, which means all of it, for several ranges and
 * for what can't be read, as HTTP allows. Throws RANGE_NOT_SATISFIABLE.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '')
    return clipRange({ start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes }, sizeBytes);
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return clipRange({ start: Number(first), end: last === '' ? sizeBytes : Number(last) + 1 }, sizeBytes);
}
