import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64Image } from './base64-image.ts';
import { InputError } from './input-error.ts';

const photo = Buffer.from('not really a photo, but bytes are bytes');
const text = photo.toString('base64');

function refusal(action: () => unknown): InputError {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('base64 that is accepted', () => {
  it('gives back any bytes that were encoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), (bytes, isUrlSafe) => {
        const encoded = Buffer.from(bytes).toString(isUrlSafe ? 'base64url' : 'base64');
        expect(Buffer.from(decodeBase64Image(encoded)).equals(bytes)).toBe(true);
      }),
    );
  });

  it('takes data URLs, and heads that lost their beginning', () => {
    for (const head of [
      'data:image/jpeg;base64,',
      'DATA:image/png;name=x.png;base64,',
      ' data:;base64,',
      'image/png;base64,',
    ]) {
      expect(Buffer.from(decodeBase64Image(head + text)), head).toEqual(photo);
    }
  });

  it('takes line breaks and spaces, as Python writes them', () => {
    expect(Buffer.from(decodeBase64Image(`${text.slice(0, 19)}\r\n${text.slice(19)}\n`))).toEqual(photo);
  });
});

describe('base64 that is refused', () => {
  it('names the wrong character and where it stands', () => {
    const error = refusal(() => decodeBase64Image(`${text.slice(0, 12)}%${text.slice(13)}`));
    expect(error.message).toContain('image is not valid base64: the character "%" at position 13');
    expect(error.field).toBe('image');
  });

  it('counts the position from the start of the text, head included', () => {
    const error = refusal(() =>
      decodeBase64Image(`data:image/png;base64,AA\nA*${text}`, undefined, 'picture'),
    );
    expect(error.message).toMatch(/^picture is not valid base64: the character "\*" at position 27 /);
  });

  it('finds a wrong character at any place', () => {
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('%', 'é', '!', '\u0000', '😀', '.'),
        (at, wrong) => {
          const error = refusal(() => decodeBase64Image(text.slice(0, at) + wrong + text.slice(at + 1)));
          expect(error.message).toContain(`at position ${at + 1} `);
        },
      ),
    );
  });

  it('says what else is wrong', () => {
    const cases: [text: string, reason: string][] = [
      ['', 'image is empty'],
      [' \n', 'image is empty'],
      ['data:image/png;base64,', 'image is empty'],
      ['====', 'image is empty'],
      [text.replace(/=+$/, '').slice(0, 41), '41 characters do not make whole bytes'],
      [`AAA=${text}`, 'padding ("=") stands in the middle'],
      ['data:image/png;base64', 'a data URL without a comma'],
      ['data:image/svg+xml,%3Csvg/%3E', 'a data URL that is not in base64'],
      ['https://example.org/photo.jpg', 'is a URL, but the picture itself is expected'],
    ];
    for (const [wrong, reason] of cases) {
      const { message } = refusal(() => decodeBase64Image(wrong));
      expect(message, wrong).toContain(reason);
      expect(message, wrong).toContain('Send the file as standard base64 or as a data URL');
    }
  });

  it('takes a comma far into the text for what it is', () => {
    const far = 'A'.repeat(400);
    expect(refusal(() => decodeBase64Image(`${far},${far}`)).message).toContain(
      'the character "," at position 401',
    );
  });
});

describe('the byte limit', () => {
  const limits = { maxBytes: 30 };

  it('refuses by the length of the text, even when the text is no base64', () => {
    const error = refusal(() => decodeBase64Image('%'.repeat(2_000_000), { maxBytes: 1_000_000 }));
    expect(error.message).toContain('image is 1.5 MB, more than the limit of 1 MB');
  });

  it('lets exactly the limit pass and not one byte more', () => {
    const encode = (size: number) => Buffer.alloc(size, 7).toString('base64');
    expect(decodeBase64Image(encode(30), limits).length).toBe(30);
    expect(refusal(() => decodeBase64Image(encode(31), limits)).message).toContain(
      '31 bytes, more than the limit of 30',
    );
  });

  it('does not count line breaks', () => {
    const wrapped = Buffer.alloc(30, 7)
      .toString('base64')
      .replace(/(.{4})/g, '$1\r\n');
    expect(decodeBase64Image(wrapped, limits).length).toBe(30);
  });
});
