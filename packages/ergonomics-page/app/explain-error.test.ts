import { ApiError } from '@spillway/sdk/client';
import { expect, test } from 'vitest';
import { FileGoneError } from './analysis.ts';
import { explainError, unreachable } from './explain-error.ts';
import { UnknownToServerError, WorkerRefusal } from './worker-actions.ts';

const GATEWAY = 'https://gpu.example.com';
const explain = (error: unknown, page = GATEWAY) => explainError(error, GATEWAY, page);
const refusal = (status: number, code: string, detail: string) => new ApiError({ status, code, detail });

test('a token that is over asks for another link, and says that nothing is lost', () => {
  const { needs, sentence } = explain(refusal(401, 'UNAUTHORIZED', 'this upload token has expired'));
  expect(needs).toBe('link');
  expect(sentence).toContain('Ask whoever sent it for a new one');
});

test('a server that does not answer is named; from elsewhere it may also be one that does not allow the page', () => {
  const gone = refusal(0, 'UNREACHABLE', 'no answer');
  expect(explain(gone).sentence).toBe('The server at https://gpu.example.com does not answer.');
  expect(explain(gone, 'https://app.example.com').sentence).toContain(
    'or it does not let pages from https://app.example.com call it (cors.origins in its spillway.yaml)',
  );
});

test('a device without a network does not blame the server', () => {
  expect(unreachable(GATEWAY, GATEWAY, false)).toBe('This device is offline.');
});

test('what server and worker say is told as they say it, as a sentence', () => {
  expect(explain(refusal(507, 'STORAGE_FULL', 'all artifacts may have 1 GiB')).sentence).toBe(
    'All artifacts may have 1 GiB.',
  );
  expect(explain(new WorkerRefusal('The file is not a video: it is a PDF.')).sentence).toBe(
    'The file is not a video: it is a PDF.',
  );
  expect(explain(new FileGoneError('gone')).needs).toBe('file');
  expect(explain(new UnknownToServerError('Job not found')).needs).toBe('anew');
});

test('where there is no room, or the video is too large, it is told who can help', () => {
  const full = explain(refusal(413, 'QUOTA_EXCEEDED', 'this upload token may keep 1 GiB'));
  expect(full.needs).toBe('link');
  expect(full.sentence).toContain('Ask whoever sent the link for one with more');
  expect(full.sentence).toContain('this upload token may keep 1 GiB.');
  expect(explain(refusal(413, 'PAYLOAD_TOO_LARGE', 'at most 5.0 GiB')).needs).toBe('file');
});
