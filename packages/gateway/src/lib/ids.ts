import { randomBytes, randomUUID } from 'node:crypto';

/** Where ids and secrets come from; injected so that tests can name them. */
export interface Ids {
  uuid(): string;
  /** Lower-case letters and digits, as short ids of workers are. */
  short(length: number): string;
  /** URL-safe secret of `bytes` random bytes. */
  secret(bytes: number): string;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function createRandomIds(): Ids {
  return {
    uuid: () => randomUUID(),
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
