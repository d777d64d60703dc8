import { readJsonObject } from '../lib/json-slices.ts';

/** What a worker sent of an attempt: a JSON object, or the sentence that says why it is none. */
export type WorkerReport =
  | { readonly slices: Map<string, string>; readonly value: Record<string, unknown> }
  | { readonly problem: string; readonly isProgress: boolean };

/** RunPod's Python package writes the key first. */
const PROGRESS_START = /^\s*\{\s*"status"\s*:\s*"IN_PROGRESS"/;
/** Python's `json` writes these three, which JSON doesn't know. */
const PYTHON_NUMBER = /[:[,]\s*(-?Infinity|NaN)\s*[,\]}]/;
const LONGEST_REASON = 160;

/**
 * Reads the body of a job-done or job-stream. Workers lose what is answered with a 4xx, so one that can't be read must
 * not be refused: its job ends with the sentence.
 */
export function readReport(body: string): WorkerReport {
  try {
    return readJsonObject(body);
  } catch (error) {
    return { problem: explain(body, error), isProgress: PROGRESS_START.test(body) };
  }
}

function explain(body: string, error: unknown): string {
  if (body.trim() === '') return 'it is empty';
  const number = PYTHON_NUMBER.exec(body)?.[1];
  if (number !== undefined)
    return `it holds ${number}, which is no JSON; return null or text in its place, such as None in Python`;
  // The parser quotes what it found, which may be long.
  return `it is no JSON object (${error instanceof Error ? error.message.slice(0, LONGEST_REASON) : 'unreadable'})`;
}
