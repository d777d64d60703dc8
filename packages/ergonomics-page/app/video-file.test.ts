import { expect, test } from 'vitest';
import { fingerprintOf, refuseFile, refuseLong, warnOfPictures } from './video-file.ts';

test('a file that is no video is refused with what is taken, before a byte is sent', () => {
  expect(refuseFile({ name: 'Walk.MP4', size: 1 })).toBeUndefined();
  expect(refuseFile({ name: 'notes.pdf', size: 1 })).toContain('Choose a file that ends in .mp4, .mov');
  expect(refuseFile({ name: 'video', size: 1 })).toContain('does not look like a video');
  expect(refuseFile({ name: 'walk.mp4', size: 0 })).toBe('“walk.mp4” is empty.');
});

test('a video that is larger than the server takes is refused with both sizes, told apart where they are close', () => {
  const refuse = (size: number) => refuseFile({ name: 'shift.mp4', size }, 5 * 1024 ** 3);
  expect(refuse(5 * 1024 ** 3)).toBeUndefined();
  expect(refuse(6 * 1024 ** 3)).toBe(
    '“shift.mp4” has 6.0 GiB; at most 5.0 GiB are taken here. Choose a shorter video, or one that is compressed more.',
  );
  expect(refuse(5 * 1024 ** 3 + 1)).toContain('has 5368709121 bytes; at most 5368709120 bytes are taken');
});

test('a video that is longer than the server takes is refused with both lengths; of what is close the server judges', () => {
  const refuse = (seconds: number, maxMs?: number) => refuseLong({ name: 'shift.mp4' }, { seconds }, maxMs);
  expect(refuse(9 * 3600)).toBeUndefined();
  expect(refuse(5400.5, 5_400_000)).toBeUndefined();
  expect(refuse(5461, 5_400_000)).toBe(
    '“shift.mp4” lasts 1:31:01; videos of at most 1.5 hours are taken here. Choose a shorter one, or send it in pieces.',
  );
});

test('another file of the same name is another upload', () => {
  const file = { name: 'walk.mp4', size: 5, lastModified: 1 };
  expect(fingerprintOf(file)).not.toBe(fingerprintOf({ ...file, size: 6 }));
  expect(fingerprintOf(file)).not.toBe(fingerprintOf({ ...file, lastModified: 2 }));
});

test('pictures that are larger than the server takes are warned of', () => {
  expect(warnOfPictures({ seconds: 1, widthPx: 5312, heightPx: 2988 })).toBeUndefined();
  expect(warnOfPictures({ seconds: 1, widthPx: 7680, heightPx: 4320 })).toContain('7680 × 4320 pixels');
});
