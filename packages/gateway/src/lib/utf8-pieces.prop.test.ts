import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createUtf8Pieces } from './utf8-pieces.ts';

test('whatever the bytes are, and wherever they are cut, they become the text that a decoder makes of them', () => {
  const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text));
  const bytes = fc.oneof(texts, fc.uint8Array({ maxLength: 60 }).map(Buffer.from));
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 9 }), (all, pieceBytes) => {
      const pieces = createUtf8Pieces();
      const out: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += pieceBytes)
        out.push(Uint8Array.from(pieces.push(all.subarray(at, at + pieceBytes))));
      out.push(pieces.end());
      const text = Buffer.concat(out).toString();
      if (all.toString().includes('\u{fffd}')) expect(text).toContain('\u{fffd}');
      else expect(text).toBe(all.toString());
    }),
    { numRuns: 500 },
  );
});
