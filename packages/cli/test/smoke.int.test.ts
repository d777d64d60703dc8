import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { useCliStage } from './cli-stage.ts';
import type { Answers, FakeCall, FakeGateway } from './fake-gateway.ts';
import { type CliRun, runCli, startCli } from './start-cli.ts';

const KEY = 'spk_of-the-cli-tests';
const SECRET = 'a secret of the cli tests';
const stage = useCliStage();
let gateway: FakeGateway | undefined;

afterEach(() => {
  gateway = undefined;
});

type Input = Record<string, unknown>;
type Reply = Record<string, unknown>;

const healthy = {
  jobs: { completed: 0, failed: 0, inProgress: 0, inQueue: 0, retried: 0 },
  workers: { idle: 1, initializing: 0, ready: 1, running: 0, throttled: 0, unhealthy: 0 },
};

/** An endpoint whose jobs end at once, as `end` says of their input; a reply without a final status is answered for ever. */
function endpointAnswers(name: string, end: (input: Input) => Reply, facts: object = {}): Answers {
  const inputs: Input[] = [];
  const reply = ({ path: called }: FakeCall) => {
    const at = Number(called.split('-').at(-1));
    return { json: { id: `job-${at}`, delayTime: 5, executionTime: 7, ...end(inputs[at] ?? {}) } };
  };
  const statuses = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`GET /v2/${name}/status-sync/job-${at}`, reply]),
  );
  const cancels = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [
      `POST /v2/${name}/cancel/job-${at}`,
      { json: { id: `job-${at}`, status: 'CANCELLED' } },
    ]),
  );
  return {
    'GET /v1/endpoints': { json: { endpoints: [{ name, ...facts }] } },
    [`GET /v2/${name}/health`]: { json: healthy },
    [`POST /v2/${name}/run`]: ({ body }) => {
      inputs.push(body.input as Input);
      return { json: { id: `job-${inputs.length - 1}`, status: 'IN_QUEUE' } };
    },
    ...statuses,
    ...cancels,
  };
}

function spillway(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  return runCli(['smoke', ...args], {
    cwd: stage.cwd,
    env: { SPILLWAY_URL: gateway?.url ?? '', SPILLWAY_API_KEY: KEY, ...env },
  });
}

function writeTests(tests: readonly object[]): void {
  mkdirSync(path.join(stage.cwd, '.runpod'), { recursive: true });
  writeFileSync(path.join(stage.cwd, '.runpod', 'tests.json'), JSON.stringify({ tests }));
}

const linesOf = ({ stdout }: CliRun) => stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  '));

describe('a worker of the user', () => {
  const greets = (input: Input): Reply =>
    input.name === undefined
      ? { status: 'FAILED', error: 'name: expected text, found nothing' }
      : { status: 'COMPLETED', output: { greeting: 'Hello' } };

  test('each test of .runpod/tests.json is a line; a failed job fails it with its reason', async () => {
    gateway = await stage.play(endpointAnswers('greet', greets));
    writeTests([
      { name: 'greets', input: { name: 'Ada' }, timeout: 10_000 },
      { name: 'nobody', input: {} },
    ]);
    const run = await spillway(['greet']);
    expect(linesOf(run)).toEqual([
      `Smoke test of greet at ${gateway.url}`,
      '',
      'PASSED  health  workers: 1 ready; jobs: 0 wait, 0 run',
      'PASSED  info  a worker of yours',
      'PASSED  greets  waited 5 ms, ran 7 ms; answer: greeting',
      'FAILED  nobody  FAILED: name: expected text, found nothing',
      '',
      expect.stringMatching(/^FAILED {2}3 passed, 1 failed in /),
      '',
    ]);
    expect(run.stderr).toContain('spillway logs greet');
    expect(run.code).toBe(1);
    const sent = await gateway.called('POST /v2/greet/run');
    expect(sent.body).toEqual({ input: { name: 'Ada' }, policy: { executionTimeout: 10_000 } });
    expect(sent.authorization).toBe(`Bearer ${KEY}`);
  });

  test('all passed is exit code 0, and --json is one value with every check', async () => {
    gateway = await stage.play(endpointAnswers('greet', greets));
    writeFileSync(
      path.join(stage.cwd, 'mine.json'),
      '{"tests": [{"name": "greets", "input": {"name": "Ada"}},]}',
    );
    const run = await spillway(['greet', '--tests', 'mine.json', '--json']);
    expect(JSON.parse(run.stdout)).toEqual({
      result: 'PASSED',
      target: { kind: 'gateway', label: `greet at ${gateway.url}` },
      passed: 3,
      failed: 0,
      skipped: 0,
      durationMs: expect.any(Number),
      checks: [
        expect.objectContaining({ name: 'health', status: 'PASSED' }),
        expect.objectContaining({ name: 'info', status: 'PASSED' }),
        expect.objectContaining({ name: 'greets', status: 'PASSED', ms: expect.any(Number) }),
      ],
    });
    expect([run.code, run.stderr]).toEqual([0, '']);
  });

  test('a job that ran longer than its test allows fails it', async () => {
    const slow = () => ({ status: 'COMPLETED', output: 1, executionTime: 1_500 });
    gateway = await stage.play(endpointAnswers('greet', slow));
    writeTests([{ name: 'quick', input: {}, timeout: 1_000 }]);
    const run = await spillway(['greet']);
    expect(linesOf(run)).toContain('FAILED  quick  ran 1.5 s, and 1.0 s are allowed');
  });

  test('without tests it says what is missing and how it is written', async () => {
    gateway = await stage.play(endpointAnswers('greet', greets));
    const run = await spillway(['greet']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`there is no ${path.join(stage.cwd, '.runpod', 'tests.json')}`);
    expect(run.stderr).toContain('--tests');
  });

  test('the tests are those of the folder in which ./spillway.yaml lets the worker run', async () => {
    gateway = await stage.play(endpointAnswers('greet', greets));
    writeFileSync(
      path.join(stage.cwd, 'spillway.yaml'),
      'endpoints:\n  greet: { command: [python3, handler.py], cwd: ./greet }\n',
    );
    mkdirSync(path.join(stage.cwd, 'greet', '.runpod'), { recursive: true });
    const tests = [{ name: 'of the folder', input: { name: 'Ada' } }];
    writeFileSync(path.join(stage.cwd, 'greet', '.runpod', 'tests.json'), JSON.stringify({ tests }));
    writeTests([{ name: 'of another worker', input: {} }]);
    const run = await spillway(['greet']);
    expect(run.stdout).toMatch(/^PASSED +of the folder /m);
    expect(run.stdout).not.toContain('of another worker');
    expect(run.code).toBe(0);
  });

  test('test_input.json of the official SDK is one test where there is nothing else', async () => {
    gateway = await stage.play(endpointAnswers('greet', greets));
    writeFileSync(path.join(stage.cwd, 'test_input.json'), '{"input": {"name": "Ada"}}');
    const run = await spillway(['greet']);
    expect(linesOf(run)).toContain('PASSED  test_input.json  waited 5 ms, ran 7 ms; answer: greeting');
  });
});

describe('a worker that does not answer', () => {
  const reason = 'workers of greet crash at their start: no module named runpod';

  test('that crashes in a loop fails at once with its reason, and the rest is not tried', async () => {
    const waits = { status: 'IN_QUEUE', waitReason: { code: 'WORKER_CRASH_LOOP', message: reason } };
    gateway = await stage.play(endpointAnswers('greet', () => waits));
    writeTests([
      { name: 'one', input: {} },
      { name: 'two', input: {} },
    ]);
    const run = await spillway(['greet']);
    expect(linesOf(run)).toContain(`FAILED  one  ${reason}`);
    expect(linesOf(run)).toContain('SKIPPED  two  not tried, after what is said above');
    expect(gateway.calls.filter(({ path: called }) => called.endsWith('/run'))).toHaveLength(1);
    await gateway.called('POST /v2/greet/cancel/job-0');
    expect(run.code).toBe(1);
  });

  test('in time fails with what the job waits for, and the job is cancelled', async () => {
    const waits = {
      status: 'IN_QUEUE',
      waitReason: { code: 'WORKER_STARTING', message: 'a worker is starting' },
    };
    gateway = await stage.play(endpointAnswers('greet', () => waits));
    writeTests([{ name: 'one', input: {} }]);
    const run = await spillway(['greet', '--timeout', '2']);
    const sentence = 'no answer within 2.0 s (--timeout): a worker is starting; job job-0 was cancelled';
    expect(linesOf(run)).toContain(`FAILED  one  ${sentence}`);
    await gateway.called('POST /v2/greet/cancel/job-0');
  });

  test('Ctrl-C cancels the job that runs and ends with 130', async () => {
    gateway = await stage.play({
      ...endpointAnswers('greet', () => ({})),
      'GET /v2/greet/status-sync/job-0': { text: [''], isEndless: true },
    });
    writeTests([{ name: 'one', input: {} }]);
    const env = { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: KEY };
    const cli = startCli(['smoke', 'greet'], { cwd: stage.cwd, env });
    await gateway.called('GET /v2/greet/status-sync/job-0');
    cli.child.kill('SIGINT');
    const run = await cli.ended;
    await gateway.called('POST /v2/greet/cancel/job-0');
    expect(run.stdout).toContain('INTERRUPTED');
    expect(run.code).toBe(130);
  });

  test('at an address where nothing listens fails with that', async () => {
    gateway = await stage.play({});
    const { url } = gateway;
    await gateway.close();
    const pod = await spillway(['clip', '--pod', url]);
    expect(linesOf(pod)).toContain(`FAILED  health  no answer from ${url} (ECONNREFUSED)`);
    expect(pod.code).toBe(1);
    const runpod = await spillway(['clip', '--runpod', 'abc', '--timeout', '1'], {
      RUNPOD_API_KEY: 'rpa_of-the-cli-tests',
      RUNPOD_ENDPOINT_BASE_URL: `${url}/v2`,
    });
    expect(runpod.stdout).toMatch(/^FAILED +health +no answer from/m);
    expect(runpod.stdout).toMatch(/^SKIPPED +image as base64 +not tried/m);
    expect(runpod.code).toBe(1);
  });
});

describe('a clip worker that is none', () => {
  test('every check that it fails says what was found instead', async () => {
    const answer = (input: Input): Reply => ({
      status: 'COMPLETED',
      output: {
        request_id: 'always',
        embedding: [1, 1, 1, 1],
        dim: 512,
        model: 'x',
        normalized: true,
        ...input,
      },
    });
    gateway = await stage.play(endpointAnswers('clip', answer, { worker: 'clip' }));
    const run = await spillway(['clip'], { EMBEDDING_HMAC_SECRET: SECRET });
    const text = linesOf(run).join('\n');
    expect(text).toMatch(/^FAILED {2}fields of the answer {2}.*pretrained: expected a name, found nothing/m);
    expect(text).toMatch(
      /^FAILED {2}length of the vector {2}dim says 512, and the embedding has 4 numbers$/m,
    );
    expect(text).toMatch(/^FAILED {2}L2 norm {2}expected 1 for a normalized vector, found 2\.0000$/m);
    expect(text).toMatch(/^FAILED {2}another picture differs {2}.*every picture gets the same vector$/m);
    expect(text).toMatch(/^FAILED {2}texts find their pictures {2}"a red circle" is no nearer/m);
    expect(text).toMatch(/^FAILED {2}batch {2}results: expected a list of 3$/m);
    expect(text).toMatch(
      /^FAILED {2}refused: no signature {2}the worker answered it; is EMBEDDING_AUTH=off set/m,
    );
    for (const name of ['wrong secret', 'expired signature', 'replayed signature'])
      expect(text).toMatch(new RegExp(`^FAILED {2}refused: ${name} {2}the worker answered it$`, 'm'));
    expect(text).toMatch(
      /^FAILED {2}refused: private URL {2}http:\/\/169\.254\.169\.254\S+ was not refused$/m,
    );
    expect(text).toMatch(/^FAILED {2}refused: 17 in a batch {2}the worker answered it$/m);
    expect(run.code).toBe(1);
  });

  test('"Authentication failed" in the output of a job that completed is a refusal too', async () => {
    const answer = () => ({
      status: 'COMPLETED',
      output: { error: 'Authentication failed', request_id: 'r' },
    });
    gateway = await stage.play(endpointAnswers('clip', answer, { worker: 'clip' }));
    const run = await spillway(['clip'], { EMBEDDING_HMAC_SECRET: SECRET });
    expect(run.stdout).toMatch(
      /^FAILED +image as base64 +COMPLETED: Authentication failed \(is EMBEDDING_HMAC/m,
    );
    expect(run.stdout).toMatch(/^SKIPPED +refused: wrong secret +nothing was answered so far/m);
  });

  test('secrets are never shown, also where a server repeats them', async () => {
    const answer = () => ({ status: 'FAILED', error: `${SECRET} is wrong, and ${KEY} too \u001b[2J` });
    gateway = await stage.play(endpointAnswers('clip', answer, { worker: 'clip' }));
    for (const json of [[], ['--json']]) {
      const run = await spillway(['clip', ...json], { EMBEDDING_HMAC_SECRET: SECRET });
      const text = run.stdout + run.stderr;
      expect(text).toContain('[secret] is wrong, and [secret] too');
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(KEY);
      expect(text).not.toContain('\u001b[2J');
    }
  });
});

test.each([
  [['greet', '--pod', 'localhost:8000'], '--pod: expected an address such as'],
  [['greet', '--pod', 'http://me:pw@localhost:1'], '--pod: leave name and password out'],
  [['greet', '--pod', 'http://localhost:1', '--runpod', 'x'], '--pod and --runpod: expected one of them'],
  [['clip', '--runpod', 'x'], 'RUNPOD_API_KEY is not set'],
  [['eko'], 'no endpoint is named eko'],
  [['lb'], 'lb is a load-balancing endpoint and takes no jobs'],
  [['greet', '--as', 'whisper'], '--as: expected one of detect, clip, ergonomics, found "whisper"'],
  [['greet', '--tests', 'nowhere.json'], 'nowhere.json: no such file'],
  [['greet', '--timeout', '0'], 'Expected a whole number from 1 to 86400'],
])('wrong use is told in a sentence: %j', async (args, sentence) => {
  const endpoints = [{ name: 'greet' }, { name: 'lb', type: 'LOAD_BALANCER' }];
  gateway = await stage.play({ 'GET /v1/endpoints': { json: { endpoints } } });
  const run = await spillway(args);
  expect(run.stderr).toContain(sentence);
  expect(run.stderr).not.toContain('    at ');
  expect([run.code, run.stdout]).toEqual([2, '']);
});
