import { z } from 'zod';
import { ModelError } from '../engines/model-error.ts';
import { createBytePairs } from './byte-pairs.ts';

/**
 * CLIP's tokenizer, from the `tokenizer.json` of a public export: Unicode NFC, white space made one space, lower case,
 * words by CLIP's pattern, and byte pairs with the end of a word marked. The same ids as the reference
 * (`CLIPTokenizerFast`); OpenAI's original also repairs broken encodings and HTML entities before, which this does not.
 */
export interface ClipTokenizer {
  /** Ids of a text between start and end, cut to the length of the context with the end kept, and filled up to it. */
  encode(text: string): readonly number[];
  /** Tokens of a row. */
  readonly contextLength: number;
}

const CONTEXT_LENGTH = 77;
const START = '<|startoftext|>';
const END = '<|endoftext|>';

// Contractions, letters, single digits, anything else but white space; the special tokens count as words, too.
const WORDS =
  /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/giu;

const merge = z.union([z.string(), z.tuple([z.string(), z.string()])]);
const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    vocab: z.record(z.string(), z.number().int().nonnegative()),
    merges: z.array(merge),
  }),
});

/**
 * @param json content of `tokenizer.json`.
 * @param subject names the file in sentences.
 * @throws ModelError when it holds no byte-pair vocabulary of CLIP's kind.
 */
export function createClipTokenizer(json: unknown, subject: string): ClipTokenizer {
  const parsed = tokenizerSchema.safeParse(json);
  if (!parsed.success) throw new ModelError(`${subject} holds no byte-pair vocabulary with merges.`);
  const { vocab, merges } = parsed.data.model;
  const ids = new Map(Object.entries(vocab));
  const [start, end] = [ids.get(START), ids.get(END)];
  if (start === undefined || end === undefined)
    throw new ModelError(`${subject} lacks ${START} or ${END}, so it is no tokenizer of CLIP.`);
  const split = createBytePairs(
    merges.map((one) => (typeof one === 'string' ? one : one.join(' '))),
    '</w>',
  );

  function idsOf(word: string): readonly number[] {
    if (word === START) return [start as number];
    if (word === END) return [end as number];
    // A symbol that is in no vocabulary is unknown, which CLIP spells as the end.
    return split(word).map((symbol) => ids.get(symbol) ?? (end as number));
  }

  return {
    contextLength: CONTEXT_LENGTH,
    encode(text) {
      const row = [start];
      for (const [word] of normalize(text).matchAll(WORDS)) {
        row.push(...idsOf(word));
        if (row.length >= CONTEXT_LENGTH) break;
      }
      row.length = Math.min(row.length, CONTEXT_LENGTH - 1);
      row.push(end);
      while (row.length < CONTEXT_LENGTH) row.push(end);
      return row;
    },
  };
}

function normalize(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/\p{White_Space}+/gu, ' ')
    .toLowerCase();
}
