import { expect, test } from 'vitest';
import { checkKey, issueKey } from './artifact-key.ts';

test.each([
  ['walk.MP4', 'video/mp4', 'uploads/video_1d.mp4'],
  ['../../etc/passwd', 'application/octet-stream', 'uploads/file_1d'],
  ['a/b\\c.tar.gz', 'application/gzip', 'uploads/file_1d.gz'],
  ['x.m%2fp4', 'video/mp4', 'uploads/video_1d'],
  ['Bild.jpeg', 'image/jpeg', 'uploads/image_1d.jpeg'],
])('what a user calls %s has a key of ours', (name, mediaType, key) => {
  expect(issueKey('uploads', '1d', { name, mediaType })).toBe(key);
  expect(checkKey(key)).toBe(key);
});
