import { describe, expect, test } from 'vitest';
import { planInput } from './fit-input.ts';

const LIMIT = 10_000;
const big = (bytes: number) => 'x'.repeat(bytes);

describe('an input over the limit', () => {
  test('is left as it is while it fits', () => {
    expect(planInput(JSON.stringify({ image: big(9_000) }), ['image'], LIMIT)).toEqual({ type: 'fits' });
  });

  test('sends as few of the declared fields as URLs as it takes, the largest first', () => {
    const input = JSON.stringify({ small: big(3_000), mask: big(7_000), image: big(20_000) });
    expect(planInput(input, ['small', 'mask', 'image'], LIMIT)).toEqual({
      type: 'moves',
      fields: ['image', 'mask'],
    });
  });

  test.each([
    ['the endpoint declares no field', [], { image: big(20_000) }, /`urlFields`/],
    ['what is large stands elsewhere', ['image'], { image: 'a', video: big(20_000) }, /also without/],
    ['the field is no text', ['image'], { image: [big(20_000)] }, /also without/],
  ])('stays here where %s, and says why', (_, fields, input, why) => {
    const plan = planInput(JSON.stringify(input), fields, LIMIT);
    expect(plan).toEqual({ type: 'too-large', why: expect.stringMatching(why) });
  });
});
