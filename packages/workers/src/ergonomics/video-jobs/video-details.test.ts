import { expect, test } from 'vitest';
import type { OpenVideo } from './people-source.ts';
import type { StatusRecord } from './status-record.ts';
import { videoDetails } from './video-details.ts';

const record = {
  ...{ created_at: '2026-11-21T17:24:05.000Z', video: { name: 'packing.mp4' } },
  settings: { quality: 'medium', details: { workplace: 'Hall 3' } },
} as unknown as StatusRecord;
const videoOf = (frameRate: number) =>
  ({ drawing: { video: { widthPx: 1280, heightPx: 720, frameRate } } }) as unknown as OpenVideo;

test('a report tells which video it is of, who was followed, and when it was made', () => {
  expect(videoDetails(record, videoOf(29.97), { person: 2, among: 3 })).toEqual({
    video: 'packing.mp4',
    recording: '1280 × 720 pixels, 29.97 pictures a second',
    person: 'number 2 of 3 who were seen',
    'looked at': '6 pictures a second (quality medium)',
    analysed: '21 November 2026, 17:24 UTC',
    workplace: 'Hall 3',
  });
});

test('no report claims that it looked at more pictures than there are', () => {
  const { 'looked at': lookedAt, person } = videoDetails(record, videoOf(1), { person: 1, among: 1 });
  expect(lookedAt).toBe('every picture of the video: 1 picture a second (quality medium takes up to 6)');
  expect(person).toBe('the only one who was seen');
});
