import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseReference, type ValueReference } from '../jobs/large-values/value-reference.ts';
import type { Call } from './route.ts';

/**
 * Answers that hold large values: JSON around bytes that go from the storage to the caller as they come, so that of none
 * more than a piece is in memory, however many are asked for and however slowly they are read.
 */
export type AnswerPart = string | ValueReference;

/** As `joinJsonObject`, of values that may be references. */
export function answerParts(entries: readonly (readonly [string, string | undefined])[]): AnswerPart[] {
  const parts: AnswerPart[] = [];
  let text = '{';
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    text += `${parts.length === 0 && text === '{' ? '' : ','}${JSON.stringify(key)}:`;
    const reference = parseReference(value);
    if (reference) parts.push(text, reference);
    text = reference ? '' : text + value;
  }
  return [...parts, `${text}}`];
}

/** Whether nothing of it has to be read from the storage. */
export const isText = (parts: readonly AnswerPart[]): parts is readonly string[] =>
  parts.every((part) => typeof part === 'string');

/**
 * Sends them as one answer. Throws where the first value can't be read, and the call can still be answered; one that breaks
 * off later breaks the answer off. False where the caller left before it had all.
 */
export async function sendParts(call: Call, parts: readonly AnswerPart[]): Promise<boolean> {
  const {
    reply,
    parts: { queue },
  } = call;
  const first = parts.find((part) => typeof part !== 'string');
  const opened = first && (await queue.openValue(first));
  // From this look to the headers nothing else gets a turn.
  if (reply.raw.destroyed) {
    opened?.destroy();
    return false;
  }
  const lengths = parts.map((part) => (typeof part === 'string' ? Buffer.byteLength(part) : part.sizeBytes));
  const length = lengths.reduce((sum, one) => sum + one, 0);
  const { raw } = reply.hijack();
  raw.writeHead(reply.statusCode, {
    ...reply.getHeaders(),
    'content-type': 'application/json; charset=utf-8',
    'content-length': length,
  });
  let broken: unknown;
  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    try {
      for (const part of parts) {
        if (typeof part === 'string') yield Buffer.from(part);
        else yield* part === first && opened ? opened : await queue.openValue(part);
      }
    } catch (error) {
      broken = error;
      throw error;
    }
  }
  try {
    await pipeline(Readable.from(bytes()), raw);
    return true;
  } catch {
    if (broken !== undefined) throw broken;
    // The caller left, which is no error of ours.
    return false;
  }
}
