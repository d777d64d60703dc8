import { AUTHENTICATION_FAILED } from '@spillway/sdk/signing';
import { durationText } from '../../text.ts';
import { CheckFailed } from '../check.ts';
import type { SmokeReply } from '../target.ts';

/** Reading what a clip worker answered. */
export interface ClipAnswer {
  readonly vector: readonly number[];
  /** The whole output, for checks of its fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @throws CheckFailed with the reason that the reply gives, or what is wrong with its form. */
export function answerOf(reply: SmokeReply): ClipAnswer {
  const refusal = refusalOf(reply);
  if (refusal !== undefined) throw new CheckFailed(failureSentence(reply, refusal));
  return embeddingOf(reply.output, 'output');
}

export function embeddingOf(value: unknown, where: string): ClipAnswer {
  const fields = objectOf(value);
  if (!fields)
    throw new CheckFailed(`${where}: expected an object, found ${JSON.stringify(value) ?? 'nothing'}`);
  const { embedding } = fields;
  if (!Array.isArray(embedding) || embedding.length === 0)
    throw new CheckFailed(`${where}.embedding: expected a list of numbers, found ${typeof embedding}`);
  const wrong = embedding.findIndex((part) => typeof part !== 'number' || !Number.isFinite(part));
  if (wrong >= 0)
    throw new CheckFailed(
      `${where}.embedding[${wrong}]: expected a number, found ${String(embedding[wrong])}`,
    );
  return { vector: embedding as number[], fields };
}

export interface Refusal {
  readonly message: string;
  readonly code: string | undefined;
}

/** Why it was refused or failed. Some workers hide that in the output of a job that completed. */
export function refusalOf({ status, output, error }: SmokeReply): Refusal | undefined {
  const fields = objectOf(output);
  const hidden = typeof fields?.error === 'string' ? fields.error : undefined;
  if (status === 'COMPLETED' && hidden === undefined) return undefined;
  const code = typeof fields?.code === 'string' ? fields.code : undefined;
  return { message: hidden ?? error ?? `the job ended ${status}`, code };
}

function failureSentence({ status }: SmokeReply, { message, code }: Refusal): string {
  const end = `${status}${code === undefined ? '' : `, ${code}`}: ${message}`;
  if (message !== AUTHENTICATION_FAILED) return end;
  return `${end} (is EMBEDDING_HMAC_SECRET here the worker's, and are the clocks of both within its window?)`;
}

export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

export function lengthOf(vector: readonly number[]): number {
  return Math.sqrt(dot(vector, vector));
}

/** -1 to 1. @throws CheckFailed for vectors of different spaces. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length)
    throw new CheckFailed(`one vector has ${a.length} numbers, the other ${b.length}`);
  const lengths = lengthOf(a) * lengthOf(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** `waited 1.2 s, ran 84 ms, of that downloaded 3 ms, embedded 61 ms`, as far as it is told. */
export function timesOf({ waitedMs, ranMs, output }: SmokeReply): string {
  const timings = objectOf(objectOf(output)?.timings);
  const part = (verb: string, ms: unknown) => (typeof ms === 'number' ? [`${verb} ${durationText(ms)}`] : []);
  return [
    ...part('waited', waitedMs),
    ...part('ran', ranMs),
    ...part('downloaded', timings?.download_ms || undefined),
    ...part('embedded', timings?.inference_ms),
  ].join(', ');
}
