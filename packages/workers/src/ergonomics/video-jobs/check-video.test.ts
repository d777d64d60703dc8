import { Readable } from 'node:stream';
import { type ArtifactStore, notFound } from '@spillway/artifacts';
import { expect, test } from 'vitest';
import { checkVideo } from './check-video.ts';
import type { VideoSettings } from './video-settings.ts';

const SETTINGS = { extensions: ['mp4'], maxBytes: 1_000 } as unknown as VideoSettings;
const MP4 = Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1');

/** A store with one video, and with the note of an upload that was asked for here. */
function storeWith(key: string, { name, noted }: { name?: string; noted?: string }): ArtifactStore {
  const info = { key, sizeBytes: MP4.length, mediaType: 'video/mp4', etag: '"1"', modifiedAt: 0 };
  return {
    head: async (asked: string) => (asked === key ? { ...info, name } : undefined),
    async get(asked: string) {
      const isNote = asked !== key;
      if (isNote && noted === undefined) throw notFound(asked);
      return { stream: Readable.from([isNote ? Buffer.from(JSON.stringify({ name: noted })) : MP4]) };
    },
  } as unknown as ArtifactStore;
}

test.each([
  ['it was uploaded as an artifact', { name: 'walk.mp4' }, 'walk.mp4'],
  ['its upload was asked for here', { noted: 'lift.mp4' }, 'lift.mp4'],
  ['nobody knows what it is called', {}, 'video_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6.mp4'],
])('a video keeps its own name where %s', async (_where, known, name) => {
  const key = 'uploads/video_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6.mp4';
  const checked = await checkVideo(storeWith(key, known), SETTINGS, key, { submitter: undefined });
  expect(checked).toMatchObject({ key, name });
});

test('a kind of file that is not taken is told as that, not as an upload of somebody else', async () => {
  const key = 'uploads/file_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6.mov';
  const checking = checkVideo(storeWith(key, {}), SETTINGS, key, { submitter: undefined });
  await expect(checking).rejects.toThrow('expected a video (.mp4), got "uploads/file_');
});
