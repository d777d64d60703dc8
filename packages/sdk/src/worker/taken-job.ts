import type { TakenJob } from '@spillway/protocol';

/** A job as it came from the server, ready to run. */
export interface TakenAttempt {
  readonly job: TakenJob;
  /**
   * Number of this delivery, from 1, where the server tells it (`_spillway: {attempt}`); its presence also says that
   * the server understands what we add to RunPod's protocol.
   */
  readonly attempt: number | undefined;
  /** See `JobContext`. */
  readonly submitter?: string | undefined;
  /** Why the job can't run: reported as its failure. */
  readonly problem: string | undefined;
}

/** Answers undefined for what isn't a job at all (no id to report on). */
export function parseTakenJob(value: unknown): TakenAttempt | undefined {
  if (!isRecord(value) || typeof value.id !== 'string' || value.id === '') return undefined;
  const { _spillway: marker, ...rest } = value;
  const attempt = isRecord(marker) && Number.isInteger(marker.attempt) ? Number(marker.attempt) : undefined;
  const submitter =
    attempt === undefined || !isRecord(marker) ? undefined : String(marker.submitter ?? 'admin');
  // RunPod's service drops an empty object on the way, so a job without input is one with an empty input.
  const input = rest.input ?? {};
  const problem = isRecord(input) ? undefined : 'input: expected a JSON object.';
  return { job: { ...rest, id: value.id, input: isRecord(input) ? input : {} }, attempt, submitter, problem };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
