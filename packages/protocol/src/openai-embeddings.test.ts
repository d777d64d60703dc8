import { describe, expect, it } from 'vitest';
import { embeddingsItems, embeddingsRequestSchema } from './openai-embeddings.ts';

const DATA_URL = 'data:image/png;base64,iVBORw0KGgo=';

const itemsOf = (body: object) => embeddingsItems(embeddingsRequestSchema.parse(body));
const problemOf = (body: object) => {
  const [issue] = embeddingsRequestSchema.safeParse(body).error?.issues ?? [];
  return [issue?.path.join('.'), issue?.message];
};

describe('what a call for embeddings asks for', () => {
  it('is one text or several', () => {
    expect(itemsOf({ input: 'a cat' })).toEqual([{ type: 'text', text: 'a cat' }]);
    expect(itemsOf({ input: ['a', 'b'] }).map((item) => item.type)).toEqual(['text', 'text']);
  });

  it('is a picture where a URL or a data URL stands in place of a text', () => {
    expect(itemsOf({ input: [DATA_URL, 'https://example.com/a.jpg', 'see https://example.com'] })).toEqual([
      { type: 'image', image: DATA_URL },
      { type: 'url', url: 'https://example.com/a.jpg' },
      { type: 'text', text: 'see https://example.com' },
    ]);
  });

  it('is what `modality` says', () => {
    expect(itemsOf({ input: 'https://example.com/a.jpg', modality: 'text' })).toMatchObject([
      { type: 'text' },
    ]);
    expect(itemsOf({ input: 'iVBORw0KGgo=', modality: 'image' })).toMatchObject([{ type: 'image' }]);
  });

  it('may be objects as other services have them', () => {
    const input = [
      { type: 'text', text: 'a' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.jpg' } },
      { image_url: DATA_URL },
      { image: 'iVBORw0KGgo=' },
    ];
    expect(itemsOf({ input }).map((item) => item.type)).toEqual(['text', 'url', 'image', 'image']);
  });

  it.each([
    [{}, 'input', /expected text, a picture/],
    [{ input: [] }, 'input', /is empty/],
    [{ input: [1, 2, 3] }, 'input', /token numbers/],
    [{ input: [[1], [2]] }, 'input', /token numbers/],
    [{ input: ['a', null] }, 'input.1', /expected text, a picture/],
    [{ input: Array(2049).fill('a') }, 'input', /holds 2049; expected at most 2048/],
    [{ input: '' }, 'input', /is empty; expected 1 to 10000 characters/],
    [{ input: ['a', ' '] }, 'input.1', /is empty/],
    [{ input: 'a'.repeat(10_001) }, 'input', /at most 10000 characters/],
    [{ input: Array(17).fill(DATA_URL) }, 'input', /holds 17 pictures; expected at most 16/],
    [{ input: 'a', encoding_format: 'hex' }, 'encoding_format', /expected float or base64/],
    [{ input: 'a', dimensions: 0 }, 'dimensions', /from 1/],
  ])('%j is refused at %s', (body, path, message) => {
    expect(problemOf(body)).toEqual([path, expect.stringMatching(message)]);
  });
});
