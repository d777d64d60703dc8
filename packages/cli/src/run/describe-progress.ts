import type { JobReply } from '@spillway/protocol';
import { oneLine } from '../text.ts';

/** What an unfinished job is doing, for people. */
export interface ProgressText {
  readonly text: string;
  /** 0 to 100, where the worker tells. */
  readonly percent?: number;
}

/**
 * Reads the progress that workers report: our own say `{ stage, percent }`, others may say anything, often a sentence
 * or a number. `longest` is in characters.
 */
export function describeProgress(reply: JobReply, longest: number): ProgressText {
  if (reply.status === 'IN_QUEUE') {
    return { text: oneLine(reply.waitReason?.message ?? 'waits for a worker', longest) };
  }
  const value = reply.output;
  if (value === undefined || value === null) return { text: 'runs' };
  if (typeof value !== 'object') return { text: oneLine(String(value), longest) };
  const { stage, percent, ...others } = value as Record<string, unknown>;
  const hasPercent = typeof percent === 'number' && percent >= 0 && percent <= 100;
  const text = typeof stage === 'string' ? stage : hasPercent ? 'runs' : JSON.stringify(value);
  const rest =
    typeof stage === 'string' && Object.keys(others).length > 0 ? ` ${JSON.stringify(others)}` : '';
  return { text: oneLine(text + rest, longest), ...(hasPercent ? { percent } : {}) };
}
