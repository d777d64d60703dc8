import { expect, test } from 'vitest';
import { JobError } from './job-error.ts';
import { failureOfChunk, outcomeOfError, outcomeOfReturn } from './job-outcome.ts';

const identity = { attempt: 1, workerId: 'w1', hostname: 'box', endpoint: 'e' };

test('a returned value is the output', () => {
  expect(outcomeOfReturn([1]).outcome).toEqual({ status: 'COMPLETED', outputJson: '[1]' });
  expect(outcomeOfReturn(undefined).outcome).toEqual({ status: 'COMPLETED', outputJson: 'null' });
  expect(outcomeOfReturn({}).outcome).toEqual({ status: 'COMPLETED', outputJson: '{}' });
  expect(outcomeOfReturn(false).outcome).toEqual({ status: 'COMPLETED', outputJson: 'false' });
});

test('a returned error fails the job and keeps the other keys as output', () => {
  expect(outcomeOfReturn({ error: 'no face', error_code: 7 }).outcome).toMatchObject({
    status: 'FAILED',
    error: 'no face',
    outputJson: '{"error_code":7}',
  });
  expect(outcomeOfReturn({ error: 'no face' }).outcome).not.toHaveProperty('outputJson');
});

test('a returned error that is no text becomes text, so that no server loses it', () => {
  expect(outcomeOfReturn({ error: { code: 7 } }).outcome).toMatchObject({ error: '{"code":7}' });
  expect(outcomeOfReturn({ error: true }).outcome).toMatchObject({ error: 'true' });
});

test('an empty error is no failure', () => {
  expect(outcomeOfReturn({ error: null, boxes: [] }).outcome.status).toBe('COMPLETED');
  expect(outcomeOfReturn({ error: '', boxes: [] }).outcome.status).toBe('COMPLETED');
});

test('refresh_worker asks for a fresh worker and is not part of the output', () => {
  const { outcome, isRefreshAsked } = outcomeOfReturn({ refresh_worker: true, n: 1 });
  expect(isRefreshAsked).toBe(true);
  expect(outcome).toEqual({ status: 'COMPLETED', outputJson: '{"n":1}' });
  expect(outcomeOfReturn({ refresh_worker: false }).isRefreshAsked).toBe(false);
});

test('an unexpected error gives the JSON text that RunPod’s clients read, trace included', () => {
  class CudaError extends Error {}
  const { error, failure } = outcomeOfError(new CudaError('device lost'), identity);
  const body = JSON.parse(error);
  expect(body).toMatchObject({
    error_type: 'CudaError',
    error_message: 'device lost',
    hostname: 'box',
    worker_id: 'w1',
  });
  expect(body.error_traceback).toContain('job-outcome.test.ts');
  expect(failure).toEqual({ type: 'HANDLER_ERROR', isRetryable: undefined });
});

test('something thrown that is no error is reported too', () => {
  expect(JSON.parse(outcomeOfError('odd', identity).error)).toMatchObject({
    error_type: 'string',
    error_message: 'odd',
    error_traceback: '',
  });
});

test('an error for the client is its plain sentence, without a trace', () => {
  expect(outcomeOfError(JobError.invalidInput('image: expected base64'), identity)).toEqual({
    status: 'FAILED',
    error: 'image: expected base64',
    failure: { type: 'INPUT_INVALID', isRetryable: false },
  });
  expect(outcomeOfError(JobError.nonRetryable('quota used up'), identity)).toEqual({
    status: 'FAILED',
    error: 'quota used up',
    failure: { type: 'HANDLER_ERROR', isRetryable: false },
  });
});

test('an error class of the author’s own that ends in InputError counts as wrong input', () => {
  class PictureInputError extends Error {}
  const named = Object.assign(new Error('too small'), { name: 'ImageInputError' });
  for (const error of [new PictureInputError('too small'), named]) {
    expect(outcomeOfError(error, identity)).toMatchObject({
      error: 'too small',
      failure: { type: 'INPUT_INVALID', isRetryable: false },
    });
  }
});

test('only a yielded object with a truthy error ends a stream', () => {
  expect(failureOfChunk({ error: 'lost' })).toMatchObject({ status: 'FAILED', error: 'lost' });
  for (const chunk of ['error', { error: '' }, [{ error: 'x' }], null]) {
    expect(failureOfChunk(chunk)).toBeUndefined();
  }
});
