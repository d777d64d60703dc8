import { ArtifactError } from '@spillway/artifacts';
import { isReference, parseReference } from '../jobs/large-values/value-reference.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { BatchStore, JobReport, OpenJob } from './batch-store.ts';

type EndedReport = Extract<JobReport, { readonly type: 'ended' }>;

const isLarge = (one: JobReport): one is EndedReport => one.type === 'ended' && isReference(one.output);

/**
 * Records what became of jobs, in order. A batch keeps its results by itself, since they outlive its jobs: those with a
 * large output go one by one, each of which is read whole.
 */
export async function recordResults(
  store: Pick<BatchStore, 'record'>,
  queue: Pick<JobQueue, 'readValues'>,
  reports: readonly JobReport[],
): Promise<readonly OpenJob[]> {
  if (!reports.some(isLarge)) return store.record(reports);
  const reopened: OpenJob[] = [];
  for (const one of reports)
    reopened.push(...(await (isLarge(one) ? recordLarge(store, queue, one) : store.record([one]))));
  return reopened;
}

async function recordLarge(
  store: Pick<BatchStore, 'record'>,
  queue: Pick<JobQueue, 'readValues'>,
  { output: reference, ...rest }: EndedReport,
): Promise<readonly OpenJob[]> {
  const value = parseReference(reference);
  try {
    if (value) return await queue.readValues([value], ([output = '']) => store.record([{ ...rest, output }]));
  } catch (error) {
    if (!(error instanceof ArtifactError) || error.code !== 'ARTIFACT_NOT_FOUND') throw error;
  }
  // Deleted, or retried by hand, of which another report tells.
  const error = rest.error ?? 'its output was deleted before the batch had kept it';
  return store.record([{ ...rest, error }]);
}
