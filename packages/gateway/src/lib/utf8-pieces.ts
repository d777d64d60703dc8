import { isUtf8 } from 'node:buffer';

/**
 * Bytes that claim to be text, piece by piece, as UTF-8: what is none is replaced as a decoder does it (U+FFFD). A character
 * on the border of two pieces goes with the second.
 */
export function createUtf8Pieces() {
  let rest: Uint8Array = new Uint8Array();
  const valid = (bytes: Uint8Array): Uint8Array =>
    isUtf8(bytes) ? bytes : Buffer.from(Buffer.from(bytes).toString());
  return {
    /** The bytes that are whole characters. What it answers may be what it was given. */
    push(bytes: Uint8Array): Uint8Array {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const end = all.length - unfinished(all);
      rest = Uint8Array.from(all.subarray(end));
      return valid(all.subarray(0, end));
    },
    end(): Uint8Array {
      const last = valid(rest);
      rest = new Uint8Array();
      return last;
    },
  };
}

/** How many bytes at the end begin a character that they do not end. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < lengthOf(byte) ? back : 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
