import { expect, test } from 'vitest';
import { bytesOfField, withUrls } from './url-fields.ts';

test.each([
  ['a data URI', 'data:image/png;base64,aGVsbG8=', 'hello', 'image/png'],
  ['bare base64', 'aGVsbG8h', 'hello!', 'application/octet-stream'],
  ['any other text', 'grüße, welt', 'grüße, welt', 'text/plain'],
])('%s is kept as the bytes that it stands for', (_, text, bytes, mediaType) => {
  const found = bytesOfField(JSON.stringify({ image: text }), 'image');
  expect(found.bytes.toString('utf8')).toBe(bytes);
  expect(found.mediaType).toBe(mediaType);
});

test('what does not move stays the text that it was, digit for digit', () => {
  const input = '{"scale":1.0,"id":12345678901234567890,"image":"aaaa"}';
  expect(withUrls(input, new Map([['image', 'https://x/y']]))).toBe(
    '{"scale":1.0,"id":12345678901234567890,"image":"https://x/y"}',
  );
});
