import { expect, test } from 'vitest';
import { type DecodeEnding, findDamage } from './damage.ts';

const sound: DecodeEnding = {
  exitCode: 0,
  stderr: '',
  lastFrameMs: 59_966,
  expectedEndMs: 60_000,
  toleranceMs: 1500,
  isVariableFrameRate: false,
  isEnteredMidway: false,
};

test.each<[string, Partial<DecodeEnding>, string | undefined]>([
  ['a video that is read to its end', {}, undefined],
  ['remarks of a decoder on a sound file', { stderr: '[h264 @ 0x1] mmco: unref short failure' }, undefined],
  ['a file whose last frame stands still', { lastFrameMs: 40_000, isVariableFrameRate: true }, undefined],
  [
    'a decoder that misses what lies before',
    { stderr: 'Invalid data found', isEnteredMidway: true },
    undefined,
  ],
  ['an end that the file does not tell', { lastFrameMs: 10, expectedEndMs: undefined }, undefined],
  ['an even video that ends early', { lastFrameMs: 40_000 }, 'cut-off'],
  [
    'an uneven one that ends early with errors',
    { lastFrameMs: 40_000, isVariableFrameRate: true, exitCode: 1 },
    'cut-off',
  ],
  ['a file that breaks off', { stderr: 'stream 0, offset 0x3f: partial file' }, 'cut-off'],
  ['errors on the way', { stderr: 'Error while decoding stream #0:0: Invalid data found' }, 'errors'],
  ['an ffmpeg that failed at the end', { exitCode: 69 }, 'errors'],
])('%s', (_, change, kind) => {
  expect(findDamage({ ...sound, ...change })?.kind).toBe(kind);
});

test('the sentence says how far the video could be read', () => {
  expect(findDamage({ ...sound, lastFrameMs: 40_000 })?.message).toContain('40.0 s of 60.0 s');
  expect(findDamage({ ...sound, lastFrameMs: undefined })?.message).toContain('nothing could be read');
});
