import { expect, test } from 'vitest';
import { parseInput } from './schema.ts';

function problemOf(input: unknown): string {
  try {
    parseInput(input);
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

test('an input of a picture alone is enough; fields that are null count as left out', () => {
  expect(parseInput({ image: 'abcd' })).toMatchObject({ image: 'abcd' });
  const { frame_id, include_masks } = parseInput({ image: 'abcd', frame_id: null, include_masks: null }) as {
    frame_id?: string;
    include_masks?: boolean;
  };
  expect([frame_id, include_masks]).toEqual([undefined, undefined]);
});

test.each([undefined, null])(
  'a missing picture (%s) is told in the words of the original service',
  (image) => {
    expect(problemOf({ image })).toBe('Missing required field: image');
    expect(problemOf({ action: 'measure', mask: image })).toBe('Missing required field: mask');
  },
);

test('all problems of an input are told at once, each with its field', () => {
  const input = { confidence_threshold: 7, include_masks: 'yes', mm_per_pixel: 0 };
  expect(problemOf(input)).toBe(
    'The input has 4 problems: Missing required field: image; include_masks: expected true or false; ' +
      'confidence_threshold: expected a number from 0 to 1; mm_per_pixel: expected a number of millimetres above 0.',
  );
});

test.each([
  [{ image: 7 }, 'image: expected a JPEG, PNG, WebP or GIF picture as base64 text or a data URL'],
  [{ image: '' }, 'image: is empty; expected base64 text'],
  [{ image: 'a', frame_id: 5 }, 'frame_id: expected text'],
  [{ image: 'a', confidence_threshold: -0.1 }, 'confidence_threshold: expected a number from 0 to 1'],
  [
    { image: 'a', mm_per_pixel: Number.POSITIVE_INFINITY },
    'mm_per_pixel: expected a number of millimetres above 0',
  ],
  [{ action: 'segment', image: 'a' }, 'action: expected "detect" or "measure", got "segment"'],
])('one problem is one sentence: %j', (input, sentence) => {
  expect(problemOf(input)).toBe(sentence);
});

test('fields nobody knows are no problem', () => {
  expect(problemOf({ image: 'a', camera: { id: 4 } })).toBe('none');
});
