import type { Bytes } from './signed-put.ts';

/** What is uploaded: read piece by piece, so that it is never in memory as a whole. */
export interface UploadSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mediaType?: string;
  /** Of a video, where it is known: one that is too long for the workers of its endpoint is refused before it is sent. */
  readonly durationMs?: number;
  /** Bytes from `start` up to, not including, `end`; a browser's `File` has just this. */
  slice(start: number, end: number): Promise<Bytes> | Bytes;
  /**
   * Hex MD5 of bytes from `start` up to, not including, `end`, where the caller has a fast one: an upload that goes on
   * believes a store only what it has byte by byte.
   */
  md5?(start: number, end: number): Promise<string> | string;
  /** Hex digest of all bytes, asked for when they were sent; whoever reads them can compare it. */
  sha256?(): Promise<string> | string;
}
