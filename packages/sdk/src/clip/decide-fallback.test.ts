import { expect, test } from 'vitest';
import { CLIP_ERRORS, ClipClientError, type ClipErrorCode } from './clip-client-error.ts';
import { decideFallback } from './decide-fallback.ts';

const error = (code: ClipErrorCode, backend: 'runpod' | 'local' = 'runpod') =>
  new ClipClientError({ code, message: `It was ${code}.`, backend });

test.each([
  'UNREACHABLE',
  'SERVER_ERROR',
  'RATE_LIMITED',
  'BUSY',
  'TIMEOUT',
  'KEY_REFUSED',
  'NOT_FOUND',
  'JOB_FAILED',
  'INFERENCE_ERROR',
  'BAD_REPLY',
] as const)('%s of RunPod: the local place is asked, and the answer says why', (code) => {
  expect(decideFallback(error(code), { hasLocal: true })).toEqual({
    from: 'runpod',
    code,
    reason: `It was ${code}.`,
  });
});

test.each(['AUTH_FAILED', 'INPUT_INVALID', 'BATCH_TOO_LARGE', 'DOWNLOAD_ERROR', 'DISABLED'] as const)(
  '%s is the answer, since it would be the same elsewhere',
  (code) => {
    expect(decideFallback(error(code), { hasLocal: true })).toBeUndefined();
  },
);

test('there is no fallback without a local place, and none from it', () => {
  for (const code of Object.keys(CLIP_ERRORS) as ClipErrorCode[]) {
    expect(decideFallback(error(code), { hasLocal: false })).toBeUndefined();
    expect(decideFallback(error(code, 'local'), { hasLocal: true })).toBeUndefined();
  }
});
