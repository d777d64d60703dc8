import { sliceJsonArray } from '../../lib/json-slices.ts';

const DONE = 'data: [DONE]\n\n';
/** A comment, which every reader of server-sent events skips: keeps idle connections open. */
export const KEEP_ALIVE = ': keep-alive\n\n';

export type SseText = ReturnType<typeof createSseText>;

/**
 * What a worker streams, as the text of server-sent events. Text is already that and goes out untouched; objects, and
 * lists of them, become one event each with their digits as they arrived.
 */
export function createSseText() {
  let hasObjects = false;
  let hasDone = false;
  let isBetweenEvents = true;

  function written(text: string): string {
    if (text === '') return text;
    hasDone ||= text.includes('data: [DONE]');
    isBetweenEvents = /(?:\r\n\r\n|\n\n|\r\r)$/.test(text);
    return text;
  }

  function textOf(value: string): string {
    if (value.startsWith('"')) return JSON.parse(value) as string;
    if (value.startsWith('[')) return sliceJsonArray(value).map(textOf).join('');
    hasObjects = true;
    // A line break between two tokens would end the event's line.
    return `data: ${value.replaceAll(/[\r\n]+/g, ' ')}\n\n`;
  }

  return {
    /** The text of one chunk; `chunk` is JSON. */
    chunk: (chunk: string): string => written(textOf(chunk.trim())),
    /** What is left to say after the last chunk: a worker that yields objects doesn't say that it is done. */
    end: (): string => (hasObjects && !hasDone ? written(DONE) : ''),
    /** An error after the first chunk, when the HTTP status is out already. No `[DONE]`: the answer isn't whole. */
    error: (body: string): string => written(`${isBetweenEvents ? '' : '\n\n'}data: ${body}\n\n`),
    /** False in the middle of an event, where a comment would break it. */
    isBetweenEvents: () => isBetweenEvents,
  };
}
