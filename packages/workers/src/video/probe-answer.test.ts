import { expect, test } from 'vitest';
import { parseProbeAnswer } from './probe-answer.ts';
import { VideoError } from './video-error.ts';
import { DEFAULT_VIDEO_LIMITS } from './video-limits.ts';

const video = {
  ...{ index: 0, codec_type: 'video', codec_name: 'h264', width: 1920, height: 1080 },
  ...{
    r_frame_rate: '30000/1001',
    avg_frame_rate: '30000/1001',
    start_time: '0.000000',
    duration: '10.010000',
  },
};
const format = { format_name: 'mov,mp4,m4a,3gp,3g2,mj2', start_time: '0.000000', duration: '10.010000' };

function parse(...streams: readonly object[]) {
  return parseProbeAnswer({ streams, format }, DEFAULT_VIDEO_LIMITS);
}

function codeOf(...streams: readonly object[]): string | undefined {
  try {
    parse(...streams);
    return undefined;
  } catch (error) {
    return error instanceof VideoError ? error.code : String(error);
  }
}

test('rates are those of the standard, not rounded ones', () => {
  expect(parse(video).frameRate).toBeCloseTo(29.97, 3);
  expect(parse(video).isVariableFrameRate).toBe(false);
  expect(parse({ ...video, avg_frame_rate: '28/1' }).isVariableFrameRate).toBe(true);
});

test('the clock of a stream without a rate is not taken for one', () => {
  expect(parse({ ...video, r_frame_rate: '1000/1', avg_frame_rate: '0/0' }).frameRate).toBe(0);
});

test('of several pictures the default one is read, and never the cover', () => {
  const cover = { ...video, index: 0, disposition: { attached_pic: 1 } };
  const second = { ...video, index: 1 };
  const wanted = { ...video, index: 2, disposition: { default: 1 } };
  expect(parse(cover, second, wanted).stored.streamIndex).toBe(2);
  expect(parse(cover, second).stored.streamIndex).toBe(1);
  expect(codeOf(cover, { index: 1, codec_type: 'audio' })).toBe('NO_VIDEO_STREAM');
});

test('an unknown codec, no size and too large a size are told apart', () => {
  expect(codeOf({ ...video, codec_name: undefined })).toBe('UNSUPPORTED_CODEC');
  expect(codeOf({ ...video, width: 0 })).toBe('NO_FRAMES');
  expect(codeOf({ ...video, width: 7680, height: 4320 })).toBe('TOO_LARGE');
  expect(codeOf({ ...video, width: 3840, height: 2160 })).toBeUndefined();
});

test('the turn of old files is a tag', () => {
  const turned = parse({ ...video, tags: { rotate: '90' } });
  expect([turned.rotationDeg, turned.widthPx, turned.heightPx]).toEqual([90, 1080, 1920]);
});
