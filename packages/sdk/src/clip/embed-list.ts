import { ClipClientError } from './clip-client-error.ts';
import { type ClipImage, fieldsOf } from './clip-image.ts';
import type { ClipFailure } from './read-reply.ts';
import type { ClipInput } from './sign-input.ts';

/** One of a list, ready to be sent. */
export interface ListItem {
  readonly id: string;
  readonly fields: ClipInput;
}

export interface ListOptions<T> {
  /** How many are asked for at once; 1: each in a call of its own. */
  readonly size: number;
  embedOne(item: ListItem): Promise<T>;
  /** In the order of the items. */
  embedBatch(items: readonly ListItem[]): Promise<readonly (T | ClipFailure)[]>;
}

/** Calls that run side by side. */
const AT_ONCE = 8;

/** Each picture's answer in its place, an error where there is none. */
export async function embedList<T>(
  images: readonly { readonly id: string; readonly image: ClipImage }[],
  { size, embedOne, embedBatch }: ListOptions<T>,
): Promise<readonly (T | ClipFailure)[]> {
  const results = new Map<string, T | ClipFailure>();
  const items: ListItem[] = [];
  for (const { id, image } of images) {
    try {
      items.push({ id, fields: fieldsOf(image) });
    } catch (error) {
      results.set(id, failureOf(error, id));
    }
  }
  await eachInFlight(groupsOf(items, size), async (group) => {
    try {
      const [first] = group;
      const answers = size === 1 && first ? [await embedOne(first)] : await embedBatch(group);
      for (const [at, answer] of answers.entries()) results.set(group[at]?.id ?? '', answer);
    } catch (error) {
      for (const { id } of group) results.set(id, failureOf(error, id));
    }
  });
  return images.flatMap(({ id }) => {
    const result = results.get(id);
    return result === undefined ? [] : [result];
  });
}

/** What ends the whole list is thrown: a switched-off service, a caller that has left. */
function failureOf(error: unknown, id: string): ClipFailure {
  if (!(error instanceof ClipClientError) || error.code === 'DISABLED') throw error;
  return { request_id: id, error: { code: error.code, message: error.message } };
}

function groupsOf<T>(list: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < list.length; at += size) groups.push(list.slice(at, at + size));
  return groups;
}

async function eachInFlight<T>(list: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = list.values();
  const work = async () => {
    for (const one of left) await run(one);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, list.length) }, work));
}
