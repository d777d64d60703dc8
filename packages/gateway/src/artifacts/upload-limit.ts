import type { Endpoint } from '../endpoints/endpoint.ts';
import { GatewayError } from '../errors.ts';
import type { ArtifactQuota } from './artifact-ledger.ts';

/**
 * What workers would refuse for its size is refused before a byte of it is sent. Throws PAYLOAD_TOO_LARGE, also for an
 * upload that was begun while the limit was higher.
 */
export function refuseLargeUpload(
  { name, uploadLimit }: Pick<Endpoint, 'name' | 'uploadLimit'>,
  sizeBytes: number,
): void {
  if (!uploadLimit || sizeBytes <= uploadLimit.bytes) return;
  const { bytes, setting } = uploadLimit;
  throw new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `sizeBytes: the workers of the endpoint ${name} take uploads of at most ${text(bytes)}, this has ${text(sizeBytes)}; send a smaller one, or have the limit raised (${setting} of the endpoint)`,
  );
}

/**
 * What they would refuse for its length, in the same way: as its uploader measured it, where that could be done. The worker
 * itself looks at the video.
 */
export function refuseLongUpload(
  { name, durationLimit }: Pick<Endpoint, 'name' | 'durationLimit'>,
  durationMs = 0,
): void {
  if (!durationLimit || durationMs <= durationLimit.ms) return;
  const { ms, setting } = durationLimit;
  throw new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `durationMs: the workers of the endpoint ${name} take videos of at most ${clock(Math.floor(ms / 1000))} hours, this lasts ${clock(Math.ceil(durationMs / 1000))}; send a shorter one, or have the limit raised (${setting} of the endpoint)`,
  );
}

/** The most that one upload may have for the workers of an endpoint, however much is kept already. */
export function largestUpload(
  endpoint: Pick<Endpoint, 'uploadLimit'> | undefined,
  { perArtifactBytes }: ArtifactQuota,
  maxBytes: number,
): number {
  const { bytes = maxBytes } = endpoint?.uploadLimit ?? {};
  return Math.min(maxBytes, bytes, perArtifactBytes ?? maxBytes);
}

/** `8:00:00`. */
function clock(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** In the unit that limits are written in, and to the byte. */
function text(bytes: number): string {
  const exact = `${bytes} bytes`;
  if (bytes < 1024 ** 2) return exact;
  const [size, unit] = bytes < 1024 ** 3 ? [1024 ** 2, 'MiB'] : [1024 ** 3, 'GiB'];
  return `${(bytes / size).toFixed(1)} ${unit} (${exact})`;
}
