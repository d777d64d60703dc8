import type { AnalysisSettings } from './analysis.ts';

/** What this browser remembers of a video, for a page that is reloaded or opened anew. No token is among it. */
export interface Remembered extends AnalysisSettings {
  readonly name: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  /** Of the bytes, when it was last looked at. */
  readonly sentBytes: number;
  /** Of the unfinished artifact. */
  readonly uploadId?: string;
  /** Numbers of its parts whose arrival this page was told. */
  readonly parts?: readonly number[];
  /** Since all bytes are there. */
  readonly videoKey?: string;
  /** Since it was started. */
  readonly jobId?: string;
  /** The queue's own job for it. */
  readonly processJobId?: string;
}

const keyOf = (endpoint: string) => `spillway.video.${endpoint}`;

export function recall(endpoint: string): Remembered | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(keyOf(endpoint)) ?? 'null');
    const isOurs = typeof found === 'object' && found !== null && 'fingerprint' in found;
    return isOurs ? (found as Remembered) : undefined;
  } catch {
    return undefined;
  }
}

/** Without storage (private windows of some browsers) a page only forgets more. */
export function remember(endpoint: string, value: Remembered | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(keyOf(endpoint));
    else localStorage.setItem(keyOf(endpoint), JSON.stringify(value));
  } catch {
    // Nothing depends on it.
  }
}
