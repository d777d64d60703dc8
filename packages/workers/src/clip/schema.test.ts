import { describe, expect, test } from 'vitest';
import { ClipError } from './clip-error.ts';
import { parseClipInput, parsePicture } from './schema.ts';

const problemOf = (input: unknown): ClipError => {
  try {
    parseClipInput(input);
  } catch (error) {
    if (error instanceof ClipError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('an input', () => {
  test('is one picture, several, one text or several', () => {
    expect(parseClipInput({ image_url: 'https://x.test/a.jpg', normalize: null })).toMatchObject({
      type: 'picture',
      item: { image_url: 'https://x.test/a.jpg', normalize: undefined },
    });
    expect(parseClipInput({ image: 'abcd' }).type).toBe('picture');
    expect(parseClipInput({ images: [{}] })).toEqual({ type: 'pictures', items: [{}] });
    expect(parseClipInput({ text: 'a red circle' }).type).toBe('text');
    expect(parseClipInput({ texts: ['a', 'b'], normalize: false })).toMatchObject({
      type: 'texts',
      items: [
        { text: 'a', normalize: false },
        { text: 'b', normalize: false },
      ],
    });
  });

  test.each([
    [{}, /image_url: expected either image_url or image/],
    [{ image_url: 'https://x.test', image: 'abcd' }, /expected either image_url or image/],
    [{ image_url: 3 }, /image_url: expected an http or https URL/],
    [{ image_url: 'https://x.test', normalize: 'yes' }, /normalize: expected true or false/],
    [{ image_url: 'https://x.test', request_id: 7 }, /request_id: expected text/],
    [{ text: '' }, /text: is empty; expected 1 to 10000 characters/],
    [{ text: ' \n ' }, /text: is empty/],
    [{ text: 'a'.repeat(10_001) }, /text: expected at most 10000 characters/],
    [{ texts: [] }, /texts: expected a list of 1 to 16/],
    [{ texts: ['a', ''] }, /texts\.1: text: is empty/],
    [{ images: 'x' }, /images: expected a list of 1 to 16/],
  ])('%j is refused', (input, message) => {
    expect(problemOf(input)).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('of 17 is too large a batch', () => {
    const items = Array.from({ length: 17 }, () => ({ image: 'abcd' }));
    const { code, message } = problemOf({ images: items });
    expect([code, message]).toEqual([
      'BATCH_TOO_LARGE',
      'images: 17 in one batch; at most 16 are taken. Send them in several.',
    ]);
  });

  test('of a batch is checked item by item', () => {
    expect(() => parsePicture('x')).toThrow('expected an object with image_url or image.');
    expect(() => parsePicture({})).toThrow(/expected either image_url or image/);
  });
});
