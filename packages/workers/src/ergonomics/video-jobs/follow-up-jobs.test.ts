import { expect, test } from 'vitest';
import { createFollowUpJobs } from './follow-up-jobs.ts';

/** Notes what is asked, and answers in turn. */
function createServer(...answers: readonly (readonly [number, object])[]) {
  const asked: { url: string; method: string; key: string | null; body: unknown }[] = [];
  const waiting = [...answers];
  const ask: typeof fetch = async (input, init = {}) => {
    const { method = 'GET', body } = init;
    const key = new Headers(init.headers).get('authorization');
    asked.push({ url: String(input), method, key, body: body ? JSON.parse(String(body)) : undefined });
    const [status, reply] = waiting.shift() ?? [500, {}];
    return new Response(JSON.stringify(reply), { status });
  };
  return { asked, ask };
}
const workerEnv = (origin: string) => ({
  RUNPOD_WEBHOOK_GET_JOB: `${origin}/v2/my%20ergo/job-take/$ID?gpu=cpu`,
  RUNPOD_AI_API_KEY: 'worker-key',
  RUNPOD_POD_ID: 'w1',
});

test('of a gateway a second job is asked for with the key of the worker', async () => {
  const { asked, ask } = createServer(
    [201, { id: 'j2', status: 'IN_QUEUE' }],
    [404, { code: 'JOB_NOT_FOUND' }],
  );
  const jobs = createFollowUpJobs(workerEnv('http://127.0.0.1:8080'), ask);
  expect(await jobs?.submit('j1', { action: 'process' }, 60_000)).toBe('j2');
  expect(asked[0]).toEqual({
    ...{
      url: 'http://127.0.0.1:8080/v1/endpoints/my%20ergo/workers/w1/jobs',
      method: 'POST',
      key: 'worker-key',
    },
    body: { from: 'j1', input: { action: 'process' }, executionTimeoutMs: 60_000, ttlMs: 604_800_000 },
  });
  expect(await jobs?.state('gone')).toBeUndefined();
});

test('of RunPod it is asked for with the key of its owner, and its policy lets it run as long as it may', async () => {
  const env = { ...workerEnv('https://api.runpod.ai'), RUNPOD_API_KEY: 'rpa_owner' };
  const { asked, ask } = createServer(
    [200, { id: 'j2', status: 'IN_QUEUE' }],
    [200, { id: 'j2', status: 'FAILED', error: 'lost' }],
  );
  const jobs = createFollowUpJobs(env, ask);
  expect(await jobs?.submit('j1', { action: 'process' }, 7_200_000)).toBe('j2');
  expect(asked[0]).toMatchObject({
    ...{ url: 'https://api.runpod.ai/v2/my%20ergo/run', method: 'POST', key: 'Bearer rpa_owner' },
    body: { input: { action: 'process' }, policy: { executionTimeout: 7_200_000, ttl: 604_800_000 } },
  });
  expect(await jobs?.state('j2')).toEqual({ status: 'FAILED', error: 'lost' });
});

test('a key of RunPod that is not for jobs leaves the first job to do the work', async () => {
  const env = { ...workerEnv('https://api.runpod.ai'), RUNPOD_API_KEY: 'of the pod' };
  const { ask } = createServer([401, { error: 'unauthorized' }]);
  expect(await createFollowUpJobs(env, ask)?.submit('j1', {}, 60_000)).toBeUndefined();
});

test('without a server, or without a key on RunPod, there is no second job', () => {
  expect(createFollowUpJobs({})).toBeUndefined();
  expect(createFollowUpJobs(workerEnv('https://api.runpod.ai'))).toBeUndefined();
});
