import { expect, test } from 'vitest';
import { findLie } from './magic.ts';

const head = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['video/mp4', '\0\0\0\x20ftypisom\0\0\0\0'],
  ['video/quicktime', '\0\0\0\x14ftypqt  \0\0\0\0'],
  ['video/quicktime', '\0\0\x10\0moov\0\0\0\0'],
  ['video/x-msvideo', 'RIFF\x10\0\0\0AVI LIST'],
  ['video/webm', '\x1aE\xdf\xa3\x01\0\0\0'],
  ['audio/wav', 'RIFF\x10\0\0\0WAVEfmt '],
  ['audio/mp4', '\0\0\0\x20ftypisom\0\0\0\0'],
  ['audio/webm', '\x1aE\xdf\xa3\x01\0\0\0'],
  ['image/webp', 'RIFF\x10\0\0\0WEBPVP8 '],
  ['image/heic', '\0\0\0\x18ftypheic\0\0\0\0'],
  // Nothing that is known, such as a raw stream.
  ['video/h264', '\0\0\0\x01\x67\x42\0\x1e'],
  ['application/octet-stream', '%PDF-1.7'],
])('%s is believed with first bytes that may be its own', (mediaType, bytes) => {
  expect(findLie(mediaType, head(bytes))).toBeUndefined();
});

test.each([
  ['video/mp4', '%PDF-1.7\n', 'PDF document'],
  ['video/mp4', '\xff\xd8\xff\xe0', 'JPEG picture'],
  ['video/mp4', 'RIFF\x10\0\0\0WAVEfmt ', 'WAV sound'],
  ['image/png', '<!DOCTYPE html>', 'web page'],
  ['image/png', '\x7fELF\x02\x01', 'program'],
  ['audio/wav', 'PK\x03\x04', 'ZIP archive'],
  ['image/jpeg', '\0\0\0\x20ftypisom', 'MP4 or QuickTime video'],
])('%s is not believed with first bytes of something else', (mediaType, bytes, name) => {
  expect(findLie(mediaType, head(bytes))).toBe(name);
});
