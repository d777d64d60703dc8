import { randomBytes, randomFillSync } from 'node:crypto';

/** Where ids and secrets come from; injected so that tests can name them. */
export interface Ids {
  uuid(): string;
  /** Lower-case letters and digits, as short ids of workers are. */
  short(length: number): string;
  /** URL-safe secret of `bytes` random bytes. */
  secret(bytes: number): string;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Random hex digits of one id: 74 bits are needed. */
const ID_DIGITS = 20;
const POOLED_IDS = 256;

/** Hex digits of random bytes, which are fetched and written out many at a time. */
function createRandomHex(): () => string {
  const bytes = Buffer.alloc((ID_DIGITS / 2) * POOLED_IDS);
  let digits = '';
  let at = 0;
  return () => {
    if (at === digits.length) {
      digits = randomFillSync(bytes).toString('hex');
      at = 0;
    }
    at += ID_DIGITS;
    return digits.slice(at - ID_DIGITS, at);
  };
}

/** Version 7 UUIDs (RFC 9562): they begin with the time, so that new keys stand together in an index. */
function createTimeOrdered(): () => string {
  const randomHex = createRandomHex();
  let writtenAt = 0;
  let time = '';
  return () => {
    const now = Date.now();
    // Many begin with the same millisecond.
    if (now !== writtenAt) {
      const digits = now.toString(16).padStart(12, '0');
      time = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
      writtenAt = now;
    }
    const hex = randomHex();
    // Two bits tell the variant.
    const variant = '89ab'[Number.parseInt(hex[3] ?? '', 16) & 3];
    return `${time}${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`;
  };
}

export function createRandomIds(): Ids {
  return {
    uuid: createTimeOrdered(),
    short: (length) => {
      let text = '';
      while (text.length < length) {
        // 252 = 7 × 36: bytes above it would favour the first letters.
        for (const byte of randomBytes(length)) if (byte < 252) text += ALPHABET[byte % 36];
      }
      return text.slice(0, length);
    },
    secret: (bytes) => randomBytes(bytes).toString('base64url'),
  };
}
