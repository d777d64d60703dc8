import type { EndpointClient, JobReply, WaitOptions } from '@spillway/sdk/client';
import { expect, test } from 'vitest';
import { CliError } from '../cli-error.ts';
import type { JobInput } from './inputs.ts';
import { type Outcome, type RunOptions, runJobs } from './run-jobs.ts';

/** An endpoint whose jobs end when the test says so. */
function createFakeEndpoint() {
  const waits = new Map<string, PromiseWithResolvers<JobReply>>();
  const cancelled: string[] = [];
  const submitted: string[] = [];
  let onSubmit = () => {};
  const endpoint = {
    async run(input: Record<string, unknown>) {
      const id = String(input.name);
      submitted.push(id);
      waits.set(id, Promise.withResolvers<JobReply>());
      onSubmit();
      return { id, status: 'IN_QUEUE' } as const;
    },
    waitForJob(id: string, { signal }: WaitOptions = {}) {
      const wait = waits.get(id) ?? Promise.withResolvers<JobReply>();
      if (signal?.aborted) wait.reject(signal.reason);
      signal?.addEventListener('abort', () => wait.reject(signal.reason));
      return wait.promise;
    },
    async cancel(id: string) {
      cancelled.push(id);
      return { id, status: 'CANCELLED' } as const;
    },
  } as unknown as EndpointClient;
  return {
    endpoint,
    cancelled,
    submitted,
    end: (id: string, status: JobReply['status'] = 'COMPLETED') => waits.get(id)?.resolve({ id, status }),
    /** Resolves when so many jobs were submitted in all. */
    untilSubmitted: (count: number) =>
      new Promise<void>((resolve) => {
        onSubmit = () => submitted.length >= count && resolve();
        onSubmit();
      }),
  };
}

function inputsOf(...names: readonly string[]): JobInput[] {
  return names.map((name) => ({ label: name, load: async () => ({ input: { name }, rest: {} }) }));
}

function options(endpoint: EndpointClient, more: Partial<RunOptions> = {}): RunOptions {
  return {
    endpoint,
    concurrency: 2,
    signal: new AbortController().signal,
    fatalError: () => undefined,
    onChange: () => {},
    onEnd: () => {},
    ...more,
  };
}

const statuses = (outcomes: readonly Outcome[]) =>
  outcomes.map(({ input, job, error }) => [input.label, job?.status ?? error?.message]);

test('no more jobs are under way than were asked for, and outcomes stand in the order of the inputs', async () => {
  const fake = createFakeEndpoint();
  const running = runJobs(inputsOf('a', 'b', 'c'), options(fake.endpoint));
  await fake.untilSubmitted(2);
  expect(fake.submitted).toEqual(['a', 'b']);
  fake.end('b');
  await fake.untilSubmitted(3);
  fake.end('c', 'FAILED');
  fake.end('a');
  expect(statuses(await running)).toEqual([
    ['a', 'COMPLETED'],
    ['b', 'COMPLETED'],
    ['c', 'FAILED'],
  ]);
});

test('an interruption cancels what runs and sends nothing more', async () => {
  const fake = createFakeEndpoint();
  const interrupt = new AbortController();
  const running = runJobs(inputsOf('a', 'b', 'c'), options(fake.endpoint, { signal: interrupt.signal }));
  await fake.untilSubmitted(2);
  interrupt.abort();
  expect(statuses(await running)).toEqual([
    ['a', 'CANCELLED'],
    ['b', 'CANCELLED'],
  ]);
  expect(fake.cancelled).toEqual(['a', 'b']);
  expect(fake.submitted).toEqual(['a', 'b']);
});

test('an input that cannot be read fails alone', async () => {
  const fake = createFakeEndpoint();
  const broken: JobInput = { label: 'broken', load: () => Promise.reject(new CliError('X', 'no such file')) };
  const running = runJobs([broken, ...inputsOf('b')], options(fake.endpoint, { concurrency: 1 }));
  await fake.untilSubmitted(1);
  fake.end('b');
  expect(statuses(await running)).toEqual([
    ['broken', 'no such file'],
    ['b', 'COMPLETED'],
  ]);
});

test('an error that concerns all jobs ends the run with its sentence', async () => {
  const endpoint = { run: () => Promise.reject(new Error('connect refused')) } as unknown as EndpointClient;
  const ended: Outcome[] = [];
  const running = runJobs(
    inputsOf('a', 'b', 'c'),
    options(endpoint, {
      concurrency: 1,
      fatalError: () => new CliError('UNREACHABLE', 'no gateway there'),
      onEnd: (outcome) => ended.push(outcome),
    }),
  );
  await expect(running).rejects.toThrow('no gateway there');
  expect(ended).toEqual([]);
});
