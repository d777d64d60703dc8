import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ArtifactError, type ArtifactStore } from '@spillway/artifacts';
import { pieceFile } from '../overlay/overlay-video.ts';
import { arriving, type Patiently } from './patience.ts';
import { fileBody } from './replayed-body.ts';
import { overlayPieceKey } from './video-keys.ts';

/**
 * Pieces of the overlay that are drawn, kept so that another worker goes on behind them. They stand beside the segments of
 * what was seen, and go with them.
 */
export interface OverlayCheckpoints {
  /** Brings those that are there into a folder, from the first one on; answers how many. */
  fetch(folder: string, most: number): Promise<number>;
  /** Keeps one, while the next one is drawn. Where that is not possible the work goes on without. */
  keep(at: number, file: string): void;
  /** Until nothing is under way. */
  settled(): Promise<void>;
}

export interface OverlayBasis {
  /** What they rest on besides the video and its settings: who was followed, what draws and encodes. */
  readonly basis: string;
  readonly signal: AbortSignal;
  readonly patiently: Patiently;
  readonly log: { warn(message: string): void };
}

export function createOverlayCheckpoints(
  store: ArtifactStore,
  jobId: string,
  { basis, signal, patiently, log }: OverlayBasis,
): OverlayCheckpoints {
  const hash = createHash('sha256').update(basis).digest('hex').slice(0, 12);
  const keyOf = (at: number) => overlayPieceKey(jobId, hash, at);
  let keeping: Promise<void> = Promise.resolve();

  async function fetchOne(at: number, file: string): Promise<boolean> {
    try {
      const { stream } = await store.get(keyOf(at));
      await pipeline(arriving(stream), createWriteStream(file), { signal });
      return true;
    } catch (error) {
      await rm(file, { force: true });
      if (error instanceof ArtifactError && error.code === 'ARTIFACT_NOT_FOUND') return false;
      throw error;
    }
  }
  return {
    async fetch(folder, most) {
      let done = 0;
      while (done < most && (await patiently(() => fetchOne(done, pieceFile(folder, done))))) done += 1;
      return done;
    },
    keep(at, file) {
      keeping = keeping.then(async () => {
        if (signal.aborted) return;
        const { size: sizeBytes } = await stat(file);
        await store.put(keyOf(at), fileBody(file), { mediaType: 'video/mp2t', sizeBytes });
      });
      keeping = keeping.catch((error: unknown) =>
        log.warn(`a piece of the overlay could not be kept: ${String(error)}`),
      );
    },
    settled: () => keeping,
  };
}
