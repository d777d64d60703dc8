import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../engines/sibling-module.ts';
import type { MadeResults, MakingContext, ResultsRequest } from './make-results.ts';
import { VideoRefusal } from './people-source.ts';
import type { FromResultsThread } from './results-thread.ts';

/**
 * `makeResults` in a thread of its own, which takes the track's memory over and gives all of it back when it ends.
 * @throws VideoRefusal, the signal's reason, Error with what went wrong; the thread has ended then.
 */
export async function makeResultsAside(
  request: ResultsRequest,
  { signal, onStage, onPiece }: MakingContext,
): Promise<MadeResults> {
  signal.throwIfAborted();
  const { timesMs, isSeen, values } = request.track;
  const thread = new Worker(siblingModule(import.meta.url, 'results-thread'), {
    workerData: request,
    // Poses and scores of a sample live as long as the sample is looked at; with more room they only lie around longer.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
    transferList: [timesMs.buffer, isSeen.buffer, values.buffer] as ArrayBuffer[],
  });
  let end: Exclude<FromResultsThread, { kind: 'stage' | 'piece' }> | undefined;
  thread.on('message', (message: FromResultsThread) => {
    if (message.kind === 'stage') {
      if (!signal.aborted) onStage(message.stage, message.share);
    } else if (message.kind === 'piece') onPiece(message.at, message.file);
    else end = message;
  });
  const stop = () => thread.postMessage('stop');
  signal.addEventListener('abort', stop, { once: true });
  try {
    await once(thread, 'exit');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (end?.kind === 'done') return end.results;
  if (end?.isRefusal) throw new VideoRefusal(end.message);
  throw new Error(end?.message ?? 'the thread that scores ended without a word');
}
