import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type StagedGateway, useCliStage } from './cli-stage.ts';
import type { Answers } from './fake-gateway.ts';
import { startCli } from './start-cli.ts';

const stage = useCliStage();
let staged: StagedGateway;

const endpoints = { json: { endpoints: [{ name: 'echo' }, { name: 'detect', worker: 'detect' }] } };

/** Jobs of `echo` complete with their own input, but one that says `fail`. */
function echoAnswers(): Answers {
  const jobs = new Map<string, Record<string, unknown>>();
  let count = 0;
  const end = ({ path: called }: { path: string }) => {
    const id = called.split('/').at(-1) ?? '';
    const input = jobs.get(id);
    const times = { id, delayTime: 5, executionTime: 7, workerId: 'w' };
    return input?.fail
      ? { json: { ...times, status: 'FAILED', error: 'it broke in the middle' } }
      : { json: { ...times, status: 'COMPLETED', output: input } };
  };
  const statuses = Object.fromEntries([1, 2, 3, 4].map((id) => [`GET /v2/echo/status-sync/job-${id}`, end]));
  return {
    'GET /v1/endpoints': endpoints,
    'POST /v2/echo/run': ({ body }) => {
      count += 1;
      jobs.set(`job-${count}`, body.input as Record<string, unknown>);
      return { json: { id: `job-${count}`, status: 'IN_QUEUE' } };
    },
    ...statuses,
  };
}

async function spillway(...args: string[]) {
  return staged.spillway(...args);
}

test('a picture goes out as base64 under its name, with the key', async () => {
  staged = await stage.withGateway(echoAnswers());
  writeFileSync(path.join(stage.cwd, 'wall.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  const { code, stdout } = await spillway(
    'run',
    'echo',
    'wall.jpg',
    '--with',
    '{"mm_per_pixel":0.5}',
    '--json',
  );
  expect(code).toBe(0);
  const sent = await staged.gateway.called('POST /v2/echo/run');
  expect(sent.body).toEqual({ input: { image: '/9j/4A==', frame_id: 'wall.jpg', mm_per_pixel: 0.5 } });
  expect(sent.authorization).toBe(`Bearer ${staged.env.SPILLWAY_API_KEY}`);
  expect(JSON.parse(stdout)).toMatchObject({ file: 'wall.jpg', id: 'job-1', status: 'COMPLETED' });
});

test('--json is one line an input in the order of the inputs, and nothing else on stdout', async () => {
  staged = await stage.withGateway(echoAnswers());
  writeFileSync(path.join(stage.cwd, 'b.json'), '{"n":2}');
  const run = await spillway('run', 'echo', '{"n":1}', 'b.json', '{"n":3}', '--json');
  const lines = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ file, output }) => [file, output])).toEqual([
    ['input', { n: 1 }],
    ['b.json', { n: 2 }],
    ['input', { n: 3 }],
  ]);
  expect(run.stderr).toBe('');
  expect(run.code).toBe(0);
});

test('a failed job ends the command with 1 and its sentence, and takes no other along', async () => {
  staged = await stage.withGateway(echoAnswers());
  const run = await spillway('run', 'echo', '{"fail":true}', '{"n":2}');
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('input: FAILED');
  expect(run.stderr).toContain('it broke in the middle');
  expect(run.stdout).toContain('"n": 2');
});

test('--out keeps the reply of each input', async () => {
  staged = await stage.withGateway(echoAnswers());
  writeFileSync(path.join(stage.cwd, 'b.json'), '{"n":2}');
  const run = await spillway('run', 'echo', 'b.json', '--out', 'results');
  expect(run.code).toBe(0);
  expect(readdirSync(path.join(stage.cwd, 'results'))).toEqual(['b.json']);
  expect(JSON.parse(readFileSync(path.join(stage.cwd, 'results', 'b.json'), 'utf8'))).toMatchObject({
    status: 'COMPLETED',
    output: { n: 2 },
  });
});

test('why a job waits is told while it waits', async () => {
  const waitReason = { code: 'WORKER_STARTING', message: 'a worker is starting; no job is ahead' };
  let asked = 0;
  staged = await stage.withGateway({
    ...echoAnswers(),
    'GET /v2/echo/status-sync/job-1': () => {
      asked += 1;
      return asked === 1
        ? { json: { id: 'job-1', status: 'IN_QUEUE', waitReason } }
        : { json: { id: 'job-1', status: 'COMPLETED', output: 'done' } };
    },
  });
  const run = await spillway('run', 'echo', '{}');
  expect(run.stderr).toContain('input: a worker is starting; no job is ahead');
  expect(run.stdout).toBe('"done"\n');
});

test('Ctrl-C cancels the job and ends with 130', async () => {
  staged = await stage.withGateway({
    ...echoAnswers(),
    'GET /v2/echo/status-sync/job-1': { text: [''], isEndless: true },
    'POST /v2/echo/cancel/job-1': { json: { id: 'job-1', status: 'CANCELLED' } },
  });
  const cli = startCli(['run', 'echo', '{}'], { cwd: stage.cwd, env: staged.env });
  await staged.gateway.called('GET /v2/echo/status-sync/job-1');
  cli.child.kill('SIGINT');
  const run = await cli.ended;
  await staged.gateway.called('POST /v2/echo/cancel/job-1');
  expect(run.stderr).toContain('input: CANCELLED');
  expect(run.code).toBe(130);
});

test('masks are asked for when annotated pictures are wanted of the detect worker', async () => {
  staged = await stage.withGateway({
    ...echoAnswers(),
    'POST /v2/detect/run': { json: { id: 'job-9', status: 'IN_QUEUE' } },
    'GET /v2/detect/status-sync/job-9': { json: { id: 'job-9', status: 'FAILED', error: 'no' } },
  });
  await spillway('run', 'detect', '{"image":"x"}', '--out', 'results');
  const sent = await staged.gateway.called('POST /v2/detect/run');
  expect(sent.body).toEqual({ input: { image: 'x', include_masks: true } });
});

test('wrong use is told before anything is sent', async () => {
  staged = await stage.withGateway(echoAnswers());
  writeFileSync(path.join(stage.cwd, 'notes.txt'), 'text');
  for (const [args, sentence] of [
    [['echo', 'nowhere.jpg'], 'nowhere.jpg: no such file'],
    [['echo', '.'], '.: is a folder'],
    [['echo', 'notes.txt'], 'notes.txt: expected a picture'],
    [['echo', '{"n":'], 'input: not valid JSON'],
    [['echo', '{}', '--with', '[1]'], '--with: expected a JSON object'],
    [['eko', '{}'], 'no endpoint is named eko'],
    [['echo'], "missing required argument 'input'"],
    [['echo', '{}', '--concurrency', '0'], 'Expected a whole number from 1 to 64'],
  ] as const) {
    const run = await spillway('run', ...args);
    expect(run.stderr).toContain(sentence);
    expect(run.stderr).not.toContain('    at ');
    expect(run.code).toBe(2);
  }
  expect(staged.gateway.calls.filter(({ method }) => method === 'POST')).toEqual([]);
});
