import { workerEnvironment } from '@spillway/protocol';
import { expect, test } from 'vitest';
import { createWorkerUrls, findUrlProblems } from './worker-urls.ts';

const env = workerEnvironment({
  origin: 'http://gw:8080',
  endpoint: 'detect',
  workerId: 'w1',
  key: 'k',
  hostname: 'h',
  gpu: 'A 40',
  pingIntervalMs: 10_000,
});
const templates = {
  getJob: env.RUNPOD_WEBHOOK_GET_JOB ?? '',
  postOutput: env.RUNPOD_WEBHOOK_POST_OUTPUT ?? '',
  postStream: env.RUNPOD_WEBHOOK_POST_STREAM ?? '',
  ping: env.RUNPOD_WEBHOOK_PING,
};
const urls = createWorkerUrls(templates, 'w1');
const base = 'http://gw:8080/v2/detect';

test('the addresses of taking and stopping carry the worker, in the order of RunPod’s own parameters', () => {
  expect(urls.take(false)).toBe(`${base}/job-take/w1?gpu=A%2040&job_in_progress=0`);
  expect(urls.takeBatch(3, true)).toBe(`${base}/job-take-batch/w1?gpu=A%2040&batch_size=3&job_in_progress=1`);
  expect(urls.stop()).toBe(`${base}/job-stop/w1?gpu=A%2040`);
});

test('the addresses of reports carry worker and job', () => {
  expect(urls.done('j-u1', { isStream: false, attempt: undefined })).toBe(
    `${base}/job-done/w1/j-u1?gpu=A%2040&isStream=false`,
  );
  expect(urls.stream('j-u1', { attempt: undefined, chunk: 4 })).toBe(
    `${base}/job-stream/w1/j-u1?gpu=A%2040&isStream=false`,
  );
});

test('a server that told the attempt gets it back, and the index of each chunk', () => {
  expect(urls.done('j', { isStream: true, attempt: 2 })).toContain('&isStream=true&attempt=2');
  expect(urls.stream('j', { attempt: 2, chunk: 0 })).toContain('&isStream=false&attempt=2&chunk=0');
});

test('a heartbeat lists the running jobs, and none when idle', () => {
  expect(urls.ping?.(['a', 'b'], '0.1.0', false)).toBe(
    `${base}/ping/w1?gpu=A%2040&job_id=a%2Cb&spillway_version=0.1.0`,
  );
  expect(urls.ping?.([], '0.1.0', true)).toBe(`${base}/ping/w1?gpu=A%2040&spillway_version=0.1.0&stopping=1`);
});

test('an id with signs of its own stays one part of the path', () => {
  expect(urls.done('a/b?$&', { isStream: false, attempt: undefined })).toContain(
    '/job-done/w1/a%2Fb%3F%24%26?',
  );
});

test('a template without a question mark still gets a query', () => {
  const plain = createWorkerUrls({ ...templates, getJob: 'http://gw/v2/e/job-take/$ID' }, 'w1');
  expect(plain.take(true)).toBe('http://gw/v2/e/job-take/w1?job_in_progress=1');
});

test('what is wrong with a template is said with the name of its variable', () => {
  expect(findUrlProblems(templates)).toEqual([]);
  const problems = findUrlProblems({ ...templates, getJob: 'http://gw/take', ping: 'gw:8080/ping' });
  expect(problems).toEqual([
    'RUNPOD_WEBHOOK_PING: expected an http(s) URL, got "gw:8080/ping".',
    'RUNPOD_WEBHOOK_GET_JOB: its path must contain "/job-take/", got "http://gw/take".',
  ]);
});
