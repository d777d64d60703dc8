import { expect, test } from 'vitest';
import { parseLink } from './link.ts';

const token = `spu_${'a1'.repeat(12)}`;

test('a link, its fragment, or a token alone brings token and endpoint', () => {
  const link = { token, endpoint: 'ergonomics' };
  expect(parseLink(`https://gpu.example.com/pages/ergonomics/#endpoint=ergonomics&token=${token}`)).toEqual(
    link,
  );
  expect(parseLink(`#token=${token}`)).toEqual(link);
  expect(parseLink(`  ${token}\n`)).toEqual(link);
  expect(parseLink(`#endpoint=postures&token=${token}`)?.endpoint).toBe('postures');
});

test('what holds no token of a page is no link, a key least of all', () => {
  for (const text of [
    '',
    '#',
    '#token=',
    'https://example.com',
    '#token=spk_key',
    `#token=${token}&endpoint=../x`,
  ])
    expect(parseLink(text)).toBeUndefined();
});
