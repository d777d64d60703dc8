import { expect, test } from 'vitest';
import type { LinkRequest, LinkResult } from './gateway-link.ts';
import { createJobSource } from './job-source.ts';
import { createWorkerUrls } from './worker-urls.ts';

const urls = createWorkerUrls(
  {
    getJob: 'http://gw/v2/e/job-take/$ID?gpu=x',
    postOutput: 'http://gw/v2/e/job-done/$RUNPOD_POD_ID/$ID?gpu=x',
    postStream: 'http://gw/v2/e/job-stream/$RUNPOD_POD_ID/$ID?gpu=x',
    ping: undefined,
  },
  'w1',
);
const signal = new AbortController().signal;

function sourceOf(result: LinkResult) {
  const requests: LinkRequest[] = [];
  const source = createJobSource(async (request) => {
    requests.push(request);
    return result;
  }, urls);
  return { source, requests };
}

const reply = (status: number, text = '', retryAfterMs?: number): LinkResult => ({
  kind: 'reply',
  status,
  text,
  retryAfterMs,
});

test('one free place asks for one job, more ask for a batch', async () => {
  const { source, requests } = sourceOf(reply(204));
  await source.take(1, false, signal);
  await source.take(3, true, signal);
  expect(requests.map(({ url }) => url)).toEqual([
    'http://gw/v2/e/job-take/w1?gpu=x&job_in_progress=0',
    'http://gw/v2/e/job-take-batch/w1?gpu=x&batch_size=3&job_in_progress=1',
  ]);
  expect(requests[0]).toMatchObject({ method: 'GET', deadlineMs: 90_000 });
});

test('a job, a list of jobs, and things that are no jobs', async () => {
  const take = async (text: string) => {
    const result = await sourceOf(reply(200, text)).source.take(1, false, signal);
    return result.kind === 'items' ? result.items.map((item) => item.job.id) : result.kind;
  };
  expect(await take('{"id":"a","input":{}}')).toEqual(['a']);
  expect(await take('[{"id":"a","input":{}},{"no":"id"},{"id":"b","input":{}}]')).toEqual(['a', 'b']);
  expect(await take('')).toEqual([]);
  expect(await take('null')).toEqual([]);
});

test('204, 400 and a poll that ran out of time mean that there is no job', async () => {
  for (const result of [reply(204), reply(400, 'frozen'), { kind: 'timeout' } as const]) {
    expect(await sourceOf(result).source.take(1, false, signal)).toEqual({ kind: 'items', items: [] });
  }
});

test('a refused key is told apart from a server in trouble', async () => {
  const refused = sourceOf(reply(401, '{"detail":"invalid api key"}')).source;
  expect(await refused.take(1, false, signal)).toEqual({
    kind: 'refused',
    reason: 'HTTP 401: invalid api key',
  });
  const busy = sourceOf(reply(429, '', 5_000)).source;
  expect(await busy.take(1, false, signal)).toMatchObject({ kind: 'unavailable', retryAfterMs: 5_000 });
  const gone = sourceOf({ kind: 'unreachable', reason: 'ECONNREFUSED' }).source;
  expect(await gone.take(1, false, signal)).toMatchObject({ kind: 'unavailable', reason: 'ECONNREFUSED' });
});

test('a page that is no JSON is trouble, not an idle server', async () => {
  const result = await sourceOf(reply(200, '<html>welcome</html>')).source.take(1, false, signal);
  expect(result).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('<html>welcome') });
});

test('the jobs to stop are read, and anything else means none', async () => {
  const stops = async (text: string) => {
    const result = await sourceOf(reply(200, text)).source.jobsToStop(signal);
    return result.kind === 'items' ? result.items : result.kind;
  };
  expect(await stops('{"jobsToStop":["a","b"]}')).toEqual(['a', 'b']);
  expect(await stops('{"jobsToStop":[]}')).toEqual([]);
  expect(await stops('{"odd":1}')).toEqual([]);
});
