import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import type { StopSignal, WorkerHost } from './host.ts';
import { JobError } from './job-error.ts';
import { startWorker } from './start-worker.ts';
import type { WorkerOptions } from './worker-options.ts';

/** A process without a process. */
function createHost(
  options: Partial<Pick<WorkerHost, 'env' | 'args'>> & { files?: Record<string, string> } = {},
) {
  const out: string[] = [];
  const errors: string[] = [];
  const exits: number[] = [];
  let listener: ((signal: StopSignal) => void) | undefined;
  const host: WorkerHost = {
    env: options.env ?? {},
    args: options.args ?? [],
    readFile: async (name) => options.files?.[name],
    writeOut: (line) => out.push(line),
    writeError: (line) => errors.push(line),
    onSignal(given) {
      listener = given;
      return () => {
        listener = undefined;
      };
    },
    exit: (code) => exits.push(code),
  };
  return {
    host,
    out,
    errors,
    exits,
    kill: (signal: StopSignal) => listener?.(signal),
    isListening: () => listener !== undefined,
  };
}

const greet: WorkerOptions = {
  handler: (job, context) => {
    if (typeof job.input.name !== 'string') throw JobError.invalidInput('name: expected text');
    context.progress('greeting');
    return { greeting: `Hello, ${job.input.name}!` };
  },
};

test('a job on the command line is run once, with nothing but its output on stdout', async () => {
  for (const args of [
    ['--test_input', '{"input":{"name":"Ada"}}'],
    ['--test_input={"input":{"name":"Ada"}}'],
  ]) {
    const { host, out, errors, exits } = createHost({
      args,
      env: { RUNPOD_WEBHOOK_GET_JOB: 'http://x/job-take/' },
    });
    expect(await startWorker(greet, { host })).toBe(0);
    expect(out).toEqual(['{"greeting":"Hello, Ada!"}']);
    expect(errors).toEqual(['progress "greeting"']);
    expect(exits).toEqual([0]);
  }
});

test('a job in test_input.json is run once', async () => {
  const { host, out } = createHost({ files: { 'test_input.json': '{"input":{"name":"Grace"}}' } });
  expect(await startWorker(greet, { host })).toBe(0);
  expect(out).toEqual(['{"greeting":"Hello, Grace!"}']);
});

test('a local job that fails ends with 1 and its sentence, an unexpected error with its trace', async () => {
  const wrong = createHost({ args: ['--test_input', '{"input":{}}'] });
  expect(await startWorker(greet, { host: wrong.host })).toBe(1);
  expect(wrong.errors).toEqual(['FAILED: name: expected text']);

  const broken = createHost({ args: ['--test_input', '{"input":{}}'] });
  const handler = () => {
    throw new RangeError('off the map');
  };
  expect(await startWorker({ handler }, { host: broken.host })).toBe(1);
  expect(broken.errors[0]).toMatch(/^FAILED: RangeError: off the map\n +at /);
});

test('a test input of the wrong shape is told with its source and an example', async () => {
  for (const text of ['{"name":"Ada"}', '[1]', '{"input":"Ada"}']) {
    const { host, errors } = createHost({ files: { 'test_input.json': text } });
    expect(await startWorker(greet, { host })).toBe(1);
    expect(errors[0]).toBe(
      'test_input.json: expected a JSON object with the key "input" that holds an object, e.g. {"input": {"name": "Ada"}}.',
    );
  }
  const { host, errors } = createHost({ args: ['--test_input'] });
  expect(await startWorker(greet, { host })).toBe(1);
  expect(errors[0]).toMatch(/^--test_input: not valid JSON/);
});

test('a worker without server and input says how to run it', async () => {
  const { host, errors, exits } = createHost();
  await startWorker(greet, { host });
  expect(errors[0]).toContain('--test_input \'{"input": {"name": "Ada"}}\'');
  expect(errors[0]).toContain('spillway up');
  expect(exits).toEqual([1]);
});

test('an interrupted local job is cancelled first, a second signal ends the process', async () => {
  const { host, errors, exits, kill, isListening } = createHost({ args: ['--test_input', '{"input":{}}'] });
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const done = startWorker(
    {
      handler: async (_job, context) => {
        started.resolve();
        await release.promise;
        return context.signal.aborted;
      },
    },
    { host },
  );
  await started.promise;
  kill('SIGINT');
  expect(exits).toEqual([]);
  kill('SIGINT');
  expect(exits).toEqual([130]);
  release.resolve();
  expect(await done).toBe(1);
  expect(errors.at(-1)).toBe('CANCELLED');
  expect(isListening()).toBe(false);
});

test('a mistake in the options is told at the start', async () => {
  await expect(startWorker({} as WorkerOptions)).rejects.toThrow('"handler" must be a function');
  await expect(startWorker({ ...greet, concurrency: 0 })).rejects.toThrow(
    '"concurrency" must be a whole number',
  );
});

test('all problems of the environment are told, and the worker ends with 1', async () => {
  const { host, errors, exits } = createHost({ env: { RUNPOD_WEBHOOK_GET_JOB: 'gw/take' } });
  await startWorker(greet, { host });
  expect(errors.length).toBeGreaterThanOrEqual(3);
  expect(exits).toEqual([1]);
});

test('a key that the server refuses ends the worker with 1, a clear sentence and without the key', async () => {
  const clock = createManualClock();
  const { host, out, exits } = createHost({
    env: {
      RUNPOD_WEBHOOK_GET_JOB: 'http://gw/v2/e/job-take/$ID?gpu=x',
      RUNPOD_WEBHOOK_POST_OUTPUT: 'http://gw/v2/e/job-done/$RUNPOD_POD_ID/$ID?gpu=x',
      RUNPOD_AI_API_KEY: 'rpa_wrong',
      RUNPOD_ENDPOINT_ID: 'e',
    },
  });
  const fetch = async () => new Response('{"detail":"invalid api key rpa_wrong"}', { status: 401 });
  const done = startWorker(greet, { host, fetch, clock, random: () => 0 });
  for (let i = 0; i < 4; i += 1) await clock.advanceToNext();
  expect(await done).toBe(1);
  expect(exits).toEqual([1]);
  const messages = out.map((line) => JSON.parse(line).message).join('\n');
  expect(messages).toContain("refuses this worker's key (HTTP 401: invalid api key ***)");
  expect(messages).toContain('RUNPOD_AI_API_KEY');
  expect(messages).not.toContain('rpa_wrong');
});
