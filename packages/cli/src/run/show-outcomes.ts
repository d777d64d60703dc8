import { type DefectPhoto, defectTable, isDetectResult, modelLines } from '../defects.ts';
import { statusText } from '../job-views.ts';
import { note, print, printJsonLine, style } from '../output.ts';
import { durationText, shortJson } from '../text.ts';
import type { Outcome } from './run-jobs.ts';
import { isVideoOutput, videoSummary } from './video-summary.ts';

/** The results of `spillway run`: one JSON line an input, or tables and texts for people. */
export function printOutcomesAsJson(outcomes: readonly Outcome[]): void {
  for (const { input, job, error } of outcomes) {
    printJsonLine({
      file: input.label,
      ...(job ?? {}),
      ...(error ? { error: { code: error.code, message: error.message } } : {}),
    });
  }
}

export function printOutcomes(outcomes: readonly Outcome[]): void {
  const photos: DefectPhoto[] = [];
  for (const { input, job } of outcomes) {
    if (job?.status !== 'COMPLETED') continue;
    const heading = outcomes.length > 1 ? `${style('bold', input.label)}\n` : '';
    if (isDetectResult(job.output)) photos.push({ file: input.label, output: job.output });
    else if (isVideoOutput(job.output)) print(`${heading}${videoSummary(job.output)}\n`);
    else print(`${heading}${shortJson(job.output)}`);
  }
  if (photos.length === 0) return;
  print(defectTable(photos));
  note(`\n${modelLines(photos).join('\n')}`);
}

/** One line about how an input ended: `photo.jpg: COMPLETED, waited 1.2 s, ran 0.8 s`. */
export function outcomeLine({ input, job, error }: Outcome): string {
  if (job === undefined)
    return `${input.label}: ${style('red', 'not sent', process.stderr)}: ${error?.message ?? ''}`;
  const times = [
    job.delayTime === undefined ? undefined : `waited ${durationText(job.delayTime)}`,
    job.executionTime === undefined ? undefined : `ran ${durationText(job.executionTime)}`,
  ].filter((part) => part !== undefined);
  const reason = job.error === undefined ? '' : `: ${readableError(job.error)}`;
  return `${input.label}: ${[statusText(job.status), ...times].join(', ')}${reason}`;
}

/** RunPod workers report an exception as JSON in a text; its message is what people want. */
export function readableError(error: unknown): string {
  if (typeof error !== 'string') return JSON.stringify(error);
  try {
    const value: unknown = JSON.parse(error);
    if (typeof value === 'object' && value !== null && 'error_message' in value)
      return String(value.error_message).trim();
  } catch {
    // A plain sentence.
  }
  return error;
}
