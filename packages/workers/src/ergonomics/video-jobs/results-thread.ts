import { parentPort, workerData } from 'node:worker_threads';
import { type MadeResults, type MakingStage, makeResults, type ResultsRequest } from './make-results.ts';
import { VideoRefusal } from './people-source.ts';

/** The thread that scores a video and writes its results, so that the worker's own one goes on telling that it lives. */
export type FromResultsThread =
  | { readonly kind: 'stage'; readonly stage: MakingStage; readonly share: number }
  | { readonly kind: 'piece'; readonly at: number; readonly file: string }
  | { readonly kind: 'done'; readonly results: MadeResults }
  | { readonly kind: 'failed'; readonly message: string; readonly isRefusal: boolean };

const port = parentPort;
if (!port) throw new Error('results-thread is started as a thread');
const say = (message: FromResultsThread) => port.postMessage(message);
const stop = new AbortController();
// Any message asks it to stop: its ffmpeg must end before it does.
port.once('message', () => stop.abort());
try {
  const results = await makeResults(workerData as ResultsRequest, {
    signal: stop.signal,
    onStage: (stage, share) => say({ kind: 'stage', stage, share }),
    onPiece: (at, file) => say({ kind: 'piece', at, file }),
  });
  say({ kind: 'done', results });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  say({ kind: 'failed', message, isRefusal: error instanceof VideoRefusal });
}
port.close();
