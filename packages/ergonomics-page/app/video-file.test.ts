import { expect, test } from 'vitest';
import { fingerprintOf, refuseFile } from './video-file.ts';

test('a file that is no video is refused with what is taken, before a byte is sent', () => {
  expect(refuseFile({ name: 'Walk.MP4', size: 1 })).toBeUndefined();
  expect(refuseFile({ name: 'notes.pdf', size: 1 })).toContain('Choose a file that ends in .mp4, .mov');
  expect(refuseFile({ name: 'video', size: 1 })).toContain('does not look like a video');
  expect(refuseFile({ name: 'walk.mp4', size: 0 })).toBe('“walk.mp4” is empty.');
});

test('another file of the same name is another upload', () => {
  const file = { name: 'walk.mp4', size: 5, lastModified: 1 };
  expect(fingerprintOf(file)).not.toBe(fingerprintOf({ ...file, size: 6 }));
  expect(fingerprintOf(file)).not.toBe(fingerprintOf({ ...file, lastModified: 2 }));
});
