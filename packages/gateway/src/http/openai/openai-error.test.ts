import { describe, expect, it } from 'vitest';
import { newTestJob } from '../../jobs/new-test-job.ts';
import { openAiErrorBody, openAiErrorOfAnswer, openAiErrorOfJob } from './openai-error.ts';

const failed = (error: string) => newTestJob({ status: 'FAILED', error });

describe('errors for OpenAI’s clients', () => {
  it('reads the error of a worker on our SDK, which is JSON', () => {
    const error = openAiErrorOfJob(
      failed(
        '{"message":"temperature must be below 2","type":"BadRequestError","code":400,"param":"temperature"}',
      ),
      'HANDLER_ERROR',
    );
    expect(error).toMatchObject({ status: 400, isWorthRetrying: false });
    expect(openAiErrorBody(error)).toBe(
      '{"error":{"message":"temperature must be below 2","type":"BadRequestError","param":"temperature","code":400}}',
    );
  });

  it('reads the error of a Python worker, which is a dict as Python writes it', () => {
    const text = `{'message': "The model 'x' does not exist.", 'type': 'NotFoundError', 'param': None, 'code': 404}`;
    expect(openAiErrorOfJob(failed(text), 'HANDLER_ERROR')).toEqual({
      status: 404,
      isWorthRetrying: false,
      message: "The model 'x' does not exist.",
      type: 'NotFoundError',
      param: null,
      code: 404,
    });
  });

  it('shows the message of an exception, not its traceback', () => {
    const text = '{"error_type":"RuntimeError","error_message":"no weights","error_traceback":"line 1"}';
    expect(openAiErrorOfJob(failed(text), 'HANDLER_ERROR')).toMatchObject({
      status: 500,
      isWorthRetrying: false,
      message: 'no weights',
      type: 'server_error',
      code: 'HANDLER_ERROR',
    });
  });

  it('gives a plain sentence as it is', () => {
    expect(openAiErrorOfJob(failed('boom'), 'HANDLER_ERROR')).toMatchObject({ status: 500, message: 'boom' });
    expect(openAiErrorOfJob(failed('{not json'), undefined)).toMatchObject({ message: '{not json' });
  });

  it.each([
    ['FAILED', 'INPUT_INVALID', 400, 'invalid_request_error'],
    ['FAILED', 'WORKER_CRASHED', 502, 'server_error'],
    ['FAILED', 'EXECUTION_TIMEOUT', 504, 'timeout'],
    ['TIMED_OUT', undefined, 504, 'timeout'],
    ['CANCELLED', undefined, 499, 'cancelled'],
    ['CANCELLED', 'CANCELLED', 499, 'cancelled'],
  ] as const)('a job that is %s by %s is answered %d, and not repeated', (status, failure, http, type) => {
    const error = openAiErrorOfJob(newTestJob({ status, error: 'why' }), failure);
    expect(error).toMatchObject({ status: http, type, isWorthRetrying: false });
  });

  it('knows an answer that is an error from one that is none', () => {
    expect(openAiErrorOfAnswer({ id: 'x', choices: [], error: null })).toBeUndefined();
    expect(openAiErrorOfAnswer([])).toBeUndefined();
    expect(openAiErrorOfAnswer({ object: 'error', message: 'Invalid route', code: 400 })).toMatchObject({
      status: 400,
      message: 'Invalid route',
    });
    expect(openAiErrorOfAnswer({ error: { message: 'full', type: 'overloaded' } })).toMatchObject({
      status: 503,
      isWorthRetrying: true,
    });
    expect(openAiErrorOfAnswer({ error: 'boom' })).toMatchObject({ status: 500, message: 'boom' });
  });

  it.each([
    [{ code: '429' }, 429],
    [{ code: 'context_length_exceeded' }, 400],
    [{ type: 'invalid_request_error', code: null }, 400],
    [{ type: 'AuthenticationError' }, 401],
    [{ type: 'PermissionDeniedError' }, 403],
    [{ type: 'InternalServerError', code: 200 }, 500],
    [{}, 500],
  ])('finds the HTTP status of %j', (fields, status) => {
    expect(openAiErrorOfAnswer({ error: { message: 'm', ...fields } })).toMatchObject({ status });
  });
});
