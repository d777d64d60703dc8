import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createClipTokenizer } from './tokenizer.ts';

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
const json = read('../models/demo-clip/tokenizer.json') as { model: { merges: string[] } };
const golden = read('./testdata/token-ids.json') as { text: string; ids: number[] }[];
const tokenizer = createClipTokenizer(json, 'tokenizer.json');

describe('the ids of CLIP', () => {
  test.each(golden)('of $text', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  test('are the same where merges are written as pairs', () => {
    const merges = json.model.merges.map((pair) => pair.split(' '));
    const other = createClipTokenizer({ model: { ...json.model, merges } }, 'tokenizer.json');
    for (const { text, ids } of golden) expect(other.encode(text)).toEqual(ids);
  });
});

test.each([
  [{}, /^t\.json holds no byte-pair vocabulary/],
  [{ model: { vocab: { a: 'x' }, merges: [] } }, /holds no byte-pair vocabulary/],
  [{ model: { vocab: { a: 0 }, merges: [] } }, /lacks <\|startoftext\|>/],
])('a file that is no tokenizer of CLIP is told as such', (content, message) => {
  expect(() => createClipTokenizer(content, 't.json')).toThrow(message);
});
