import { jobDoneSchema } from '@spillway/protocol';
import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import { createAttemptReport, doneBody } from './attempt-report.ts';
import type { LinkRequest, LinkResult } from './gateway-link.ts';
import { createWorkerLog } from './log.ts';
import { createWorkerUrls } from './worker-urls.ts';

const urls = createWorkerUrls(
  {
    getJob: 'http://gw/job-take/$ID?g=1',
    postOutput: 'http://gw/job-done/$RUNPOD_POD_ID/$ID?g=1',
    postStream: 'http://gw/job-stream/$RUNPOD_POD_ID/$ID?g=1',
    ping: undefined,
  },
  'w1',
);

const reply = (status: number): LinkResult => ({
  kind: 'reply',
  status,
  text: 'no',
  retryAfterMs: undefined,
});

function createReport(
  attempt: number | undefined,
  answer: (request: LinkRequest) => LinkResult | Promise<LinkResult>,
) {
  const clock = createManualClock();
  const requests: LinkRequest[] = [];
  const lines: string[] = [];
  const stop = new AbortController();
  const report = createAttemptReport({
    taken: { job: { id: 'j1', input: {} }, attempt, problem: undefined },
    link: async (request) => {
      requests.push(request);
      return answer(request);
    },
    urls,
    clock,
    random: () => 0,
    log: createWorkerLog({ write: (line) => lines.push(line), format: 'text', level: 'debug', secrets: [] }),
    signal: stop.signal,
  });
  const sent = () => requests.map(({ url, body }) => `${url.slice('http://gw/'.length)} ${body}`);
  return { report, clock, requests, lines, stop, sent };
}

const completed = (outputJson: string, isStream = false) =>
  ({ outcome: { status: 'COMPLETED', outputJson }, isStream, isRefreshAsked: false }) as const;

test('the body of a report is what the protocol reads', () => {
  const failed = {
    status: 'FAILED',
    error: 'no "face"',
    outputJson: '{"code":7}',
    failure: { type: 'INPUT_INVALID', isRetryable: false },
  } as const;
  expect(jobDoneSchema.parse(JSON.parse(doneBody(failed, { isRefresh: true, withFailure: true })))).toEqual({
    output: { code: 7 },
    error: 'no "face"',
    failure: { type: 'INPUT_INVALID', isRetryable: false },
    stopPod: true,
  });
  expect(doneBody(failed, { isRefresh: false, withFailure: false })).not.toContain('failure');
});

test('progress comes before the final report, and none after it', async () => {
  const { report, sent } = createReport(undefined, () => reply(200));
  report.progress('1');
  report.progress('2');
  await report.finish(completed('"done"'), false);
  report.progress('3');
  expect(sent()).toEqual([
    'job-done/w1/j1?g=1&isStream=false {"status":"IN_PROGRESS","output":1}',
    'job-done/w1/j1?g=1&isStream=false {"status":"IN_PROGRESS","output":2}',
    'job-done/w1/j1?g=1&isStream=false {"output":"done"}',
  ]);
});

test('the final report waits for a progress value that is still under way', async () => {
  const slow = Promise.withResolvers<LinkResult>();
  const { report, clock, sent } = createReport(undefined, ({ body }) =>
    body?.includes('IN_PROGRESS') ? slow.promise : reply(200),
  );
  report.progress('1');
  const finished = report.finish(completed('2'), false);
  await clock.settle();
  expect(sent()).toHaveLength(1);
  slow.resolve(reply(200));
  await finished;
  expect(sent()).toHaveLength(2);
});

test('chunks go to the stream, the end of a stream says so', async () => {
  const { report, sent } = createReport(undefined, () => reply(200));
  await report.chunk('"a"');
  await report.chunk('"b"');
  await report.finish(completed('[]', true), false);
  expect(sent()).toEqual([
    'job-stream/w1/j1?g=1&isStream=false {"output":"a"}',
    'job-stream/w1/j1?g=1&isStream=false {"output":"b"}',
    'job-done/w1/j1?g=1&isStream=true {"output":[]}',
  ]);
});

test('RunPod’s service gets the content type of its own worker, ours gets JSON, attempt and chunk numbers', async () => {
  const theirs = createReport(undefined, () => reply(200));
  await theirs.report.finish(completed('1'), false);
  expect(theirs.requests[0]?.contentType).toBe('application/x-www-form-urlencoded');

  const ours = createReport(2, () => reply(200));
  await ours.report.chunk('"a"');
  await ours.report.chunk('"b"');
  await ours.report.finish(completed('1', true), false);
  expect(ours.requests[0]?.contentType).toBe('application/json');
  expect(ours.sent()).toEqual([
    'job-stream/w1/j1?g=1&isStream=false&attempt=2&chunk=0 {"output":"a"}',
    'job-stream/w1/j1?g=1&isStream=false&attempt=2&chunk=1 {"output":"b"}',
    'job-done/w1/j1?g=1&isStream=true&attempt=2 {"output":1}',
  ]);
});

test('a chunk that is sent twice keeps its number', async () => {
  const answers = [reply(500), reply(200)];
  const { report, clock, requests } = createReport(1, () => answers.shift() ?? reply(200));
  const sent = report.chunk('1');
  await clock.advanceToNext();
  await sent;
  expect(requests.map(({ url }) => new URL(url).searchParams.get('chunk'))).toEqual(['0', '0']);
});

test('a chunk that the server refuses fails the job with a sentence', async () => {
  const { report } = createReport(undefined, () => reply(413));
  await expect(report.chunk('"big"')).rejects.toThrow('Chunk 0 could not be delivered: HTTP 413: no.');
});

test('an output that is too large for the server becomes a failure instead of vanishing', async () => {
  const answers = [reply(413), reply(200)];
  const { report, sent } = createReport(undefined, () => answers.shift() ?? reply(200));
  await report.finish(completed('"very large"'), false);
  expect(sent()).toHaveLength(2);
  expect(sent()[1]).toContain('"error":"The server refused the output of 12 characters (HTTP 413: no)');
});

test('a result that is lost for good is said in the log', async () => {
  const { report, lines } = createReport(undefined, () => reply(409));
  await report.finish(completed('1'), false);
  expect(lines.at(-1)).toBe('ERROR | the result could not be delivered and is lost: HTTP 409: no');
});

test('a stopped job reports nothing, but waits for what is under way', async () => {
  const slow = Promise.withResolvers<LinkResult>();
  const { report, sent, stop } = createReport(undefined, () => slow.promise);
  report.progress('1');
  report.progress('2');
  stop.abort();
  const finished = report.finish(
    { outcome: { status: 'STOPPED' }, isStream: false, isRefreshAsked: false },
    false,
  );
  slow.resolve(reply(200));
  await finished;
  expect(sent()).toHaveLength(1);
});
