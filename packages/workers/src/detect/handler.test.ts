import { runHandler } from '@spillway/sdk/worker';
import { expect, test } from 'vitest';
import type { RequestOptions } from '../engines/thread-pool.ts';
import { InputError } from '../media/input-error.ts';
import { createDetectHandler } from './handler.ts';

function fakePool(answer: (request: unknown, options: RequestOptions) => Promise<unknown>) {
  const requests: unknown[] = [];
  const pool = {
    run: (request: unknown, options: RequestOptions = {}) => {
      requests.push(request);
      return answer(request, options);
    },
  };
  return { requests, handler: createDetectHandler(pool, { threshold: 0.3 }) };
}

test('a job without a threshold of its own gets that of the worker', async () => {
  const { requests, handler } = fakePool(async () => ({ anomalies: [] }));
  await runHandler(handler, { image: 'abcd' });
  await runHandler(handler, { image: 'abcd', confidence_threshold: 0, include_masks: true, frame_id: 'f' });
  expect(requests).toMatchObject([
    { action: 'detect', threshold: 0.3, includeMasks: false },
    { action: 'detect', threshold: 0, includeMasks: true, frameId: 'f' },
  ]);
});

test('progress of the work is the progress of the job', async () => {
  const { handler } = fakePool(async (_, { onProgress }) => {
    onProgress?.({ stage: 'detect', percent: 5 });
    return {};
  });
  const run = await runHandler(handler, { image: 'abcd' });
  expect(run.progress).toEqual([{ stage: 'detect', percent: 5 }]);
});

test('a wrong input fails the job with its sentence and asks no thread', async () => {
  const { requests, handler } = fakePool(async () => ({}));
  const run = await runHandler(handler, {});
  expect(run).toMatchObject({
    status: 'FAILED',
    error: 'Missing required field: image',
    failureType: 'INPUT_INVALID',
  });
  expect(requests).toEqual([]);
});

test('a picture that the work refuses fails the job with its sentence', async () => {
  const { handler } = fakePool(async () => {
    throw new InputError(
      'image is a JPEG that is cut off before its end. Send the whole file again.',
      'image',
    );
  });
  const run = await runHandler(handler, { image: 'abcd' });
  expect(run.failureType).toBe('INPUT_INVALID');
  expect(run.error).toBe('image is a JPEG that is cut off before its end. Send the whole file again.');
});

test('cancelling the job cancels its work', async () => {
  const { handler } = fakePool(
    (_, { signal, onProgress }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        onProgress?.({ stage: 'detect', percent: 5 });
      }),
  );
  const run = await runHandler(handler, { image: 'abcd' }, { cancelAfterProgress: 1 });
  expect(run.status).toBe('CANCELLED');
});
