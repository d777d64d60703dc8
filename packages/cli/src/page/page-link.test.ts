import { expect, test } from 'vitest';
import { pageLink } from './page-link.ts';

test('token and endpoint stand behind the #, wherever the page is hosted', () => {
  const made = { endpoint: 'ergonomics', token: 'spu_abc' };
  expect(pageLink('http://127.0.0.1:8080/pages/ergonomics/', made)).toBe(
    'http://127.0.0.1:8080/pages/ergonomics/#endpoint=ergonomics&token=spu_abc',
  );
  const { search, hash } = new URL(pageLink('https://app.example.com/ergo/?lang=en#top', made));
  expect(search).toBe('?lang=en');
  expect(hash).toBe('#endpoint=ergonomics&token=spu_abc');
});
