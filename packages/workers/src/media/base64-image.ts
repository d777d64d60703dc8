// Base64 text of a job's input → bytes. Node's own decoder skips what it does not know, which turns a damaged
// upload into a strange picture; here it is refused, saying which character is wrong and where.

import { DEFAULT_IMAGE_LIMITS, formatBytes, type ImageLimits } from './image-limits.ts';
import { InputError } from './input-error.ts';

const HOW_TO_SEND = 'Send the file as standard base64 or as a data URL (data:image/jpeg;base64,…)';
/** Text up to the first comma is a data URL's head; a comma further in is a wrong character. */
const LONGEST_HEAD = 200;

/**
 * Bytes of a picture in base64 or a data URL. Line breaks, missing padding and the URL-safe alphabet are accepted.
 * The limit is compared with the length of the text, before anything is decoded.
 * @param field name used in the sentences, as the user knows it.
 * @throws InputError
 */
export function decodeBase64Image(
  text: string,
  limits: Pick<ImageLimits, 'maxBytes'> = DEFAULT_IMAGE_LIMITS,
  field = 'image',
): Uint8Array {
  const start = endOfHead(text, field);
  const body = start === 0 ? text : text.slice(start);
  const compact = decodedLength(body) > limits.maxBytes ? withoutSpace(body) : body;
  refuseAbove(limits.maxBytes, decodedLength(compact), field);
  const decoded = Buffer.from(compact, 'base64');
  if (decoded.length > 0 && decoded.length === decodedLength(compact) && letterCount(compact) % 4 !== 1)
    return decoded;
  // Spaces, line breaks or a mistake made the decoder fall short: now looking closely may take its time.
  refuseBadText(text, start, field);
  return Buffer.from(withoutSpace(body), 'base64');
}

/** Where the data begin: after the first comma, if there is a head. */
function endOfHead(text: string, field: string): number {
  const isDataUrl = /^\s*data:/i.test(text);
  const comma = text.indexOf(',');
  if (isDataUrl && comma < 0) {
    throw new InputError(`${field} is a data URL without a comma before its data. ${HOW_TO_SEND}.`, field);
  }
  if (isDataUrl && !/;\s*base64\s*$/i.test(text.slice(0, comma))) {
    throw new InputError(`${field} is a data URL that is not in base64. ${HOW_TO_SEND}.`, field);
  }
  if (/^\s*[a-z][a-z0-9]{1,9}:\/\//i.test(text)) {
    throw new InputError(`${field} is a URL, but the picture itself is expected. ${HOW_TO_SEND}.`, field);
  }
  return isDataUrl || (comma >= 0 && comma <= LONGEST_HEAD) ? comma + 1 : 0;
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Bytes that the text stands for, if it is right. */
function decodedLength(text: string): number {
  return Math.floor((letterCount(text) * 3) / 4);
}

function letterCount(text: string): number {
  return text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
}

function refuseAbove(maxBytes: number, bytes: number, field: string): void {
  if (bytes <= maxBytes) return;
  throw new InputError(
    `${field} is ${formatBytes(bytes)}, more than the limit of ${formatBytes(maxBytes)}. Send a smaller or more compressed picture.`,
    field,
  );
}

function refuseBadText(text: string, start: number, field: string): void {
  const refuse = (reason: string) => {
    throw new InputError(`${field} ${reason}. ${HOW_TO_SEND}.`, field);
  };
  const body = text.slice(start);
  const wrong = /[^A-Za-z0-9+/\-_=\s]/u.exec(body);
  if (wrong) {
    const place = `the character ${JSON.stringify(wrong[0])} at position ${start + wrong.index + 1}`;
    refuse(`is not valid base64: ${place} does not belong there`);
  }
  if (/=\s*[^=\s]/.test(body)) refuse('is not valid base64: padding ("=") stands in the middle of it');
  const letters = body.replace(/[\s=]+/g, '').length;
  if (letters === 0) refuse('is empty');
  if (letters % 4 === 1) {
    refuse(`is not valid base64: ${letters} characters do not make whole bytes, so it was probably cut off`);
  }
}
