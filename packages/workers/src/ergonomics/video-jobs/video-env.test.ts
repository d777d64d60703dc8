import { expect, test } from 'vitest';
import { videoDurationLimit, videoLimit } from './video-env.ts';
import { readVideoSettings } from './video-settings.ts';

test.each([{}, { VIDEO_MAX_GB: '0.5', VIDEO_MAX_HOURS: '1.5' }])(
  'what a gateway tells of the limits is what the worker takes: %j',
  (env) => {
    const { maxBytes, maxHours } = readVideoSettings(env);
    expect(videoLimit(env)).toEqual({ bytes: maxBytes, variable: 'VIDEO_MAX_GB' });
    expect(videoDurationLimit(env)).toEqual({ ms: maxHours * 3_600_000, variable: 'VIDEO_MAX_HOURS' });
  },
);

test('of a worker that would not start with its variables nothing is told', () => {
  expect(videoDurationLimit({ VIDEO_MAX_HOURS: 'eight' })).toBeUndefined();
  expect(videoDurationLimit({ VIDEO_MAX_HOURS: '0' })).toBeUndefined();
});
