import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BudgetsView, EstimateView, UsageView } from '@spillway/protocol/v1';
import { afterEach, expect, test } from 'vitest';
import { useCliStage } from './cli-stage.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { runCli } from './start-cli.ts';

const stage = useCliStage();
let gateway: FakeGateway | undefined;

afterEach(() => {
  gateway = undefined;
});

const NOTHING = {
  ...{ attempts: 0, completed: 0, executionMs: 0, chargedSeconds: 0, unpricedAttempts: 0 },
  ...{ startUpMs: 0, idleMs: 0, costMicros: 0, unseenSubmits: 0, possibleMicros: 0 },
};
const work = { ...NOTHING, attempts: 12, completed: 11, executionMs: 90_500, chargedSeconds: 96 };
const USAGE: UsageView = {
  ...{ since: '2026-10-23', until: '2026-11-21' },
  rows: [
    { kind: 'attempts', endpoint: 'clip', ...work, costMicros: 29_760 },
    {
      kind: 'workers',
      endpoint: 'clip',
      ...NOTHING,
      startUpMs: 40_000,
      idleMs: 7_250_000,
      costMicros: 1_240_000,
    },
    { kind: 'runpod-volumes', endpoint: 'clip', ...NOTHING, costMicros: 50_000 },
    { kind: 'possible', endpoint: 'clip', ...NOTHING, unseenSubmits: 1, possibleMicros: 186_000 },
  ],
  total: {
    ...{ ...work, unpricedAttempts: 2, costMicros: 1_319_760, unseenSubmits: 1, possibleMicros: 186_000 },
  },
};
const BUDGETS: BudgetsView = {
  budgets: [
    {
      ...{ name: 'gpu', per: 'month', isOfSpill: false, limitMicros: 1_000_000, spentMicros: 1_269_760 },
      ...{
        possibleMicros: 186_000,
        reservedMicros: 0,
        alertAt: [50],
        hardStop: true,
        isUsedUp: true,
        endsAt: Date.UTC(2026, 11, 1),
      },
    },
  ],
};
const ESTIMATE: EstimateView = {
  ...{ endpoint: 'clip', jobs: 2 },
  places: [
    {
      ...{ place: 'local', share: 0, measuredAttempts: 0, atOnce: 3, priceClass: 'local', microsPerHour: 0 },
      ...{ notes: ['nothing was measured there yet: run a few jobs first'] },
    },
    {
      ...{
        place: 'runpod',
        remoteEndpoint: 'ep7',
        share: 1,
        measuredAttempts: 40,
        meanMs: 3_200,
        p50Ms: 3_000,
        p95Ms: 6_000,
        atOnce: 10,
      },
      ...{ durationMs: 3_200, priceClass: 'ADA_24', microsPerHour: 1_116_000, expectedMicros: 2_480 },
      ...{ highMicros: 3_720, mostMicros: 372_000, besideMicros: 15_220, notes: [] },
    },
  ],
  mix: { expectedMicros: 2_480 },
};

async function cli(...args: string[]) {
  gateway = await stage.play({
    'GET /v1/usage': ({ query }) =>
      query.get('format') === 'csv'
        ? { text: ['kind,cost_usd\r\n', 'attempts,0.02976\r\n'] }
        : { json: USAGE },
    'GET /v1/budgets': { json: BUDGETS },
    'POST /v1/estimate': { json: ESTIMATE },
    'GET /v1/endpoints': { json: { endpoints: [{ name: 'clip' }] } },
  });
  return runCli(args, { cwd: stage.cwd, env: { SPILLWAY_URL: gateway.url, SPILLWAY_API_KEY: 'spk_key' } });
}

const words = (text: string) => text.replaceAll(/ +/g, ' ');

test('usage is a table of work and of what workers cost beside it, with budgets below', async () => {
  const { code, stdout, stderr } = await cli('usage');
  expect(code).toBe(0);
  const text = words(stdout);
  expect(text).toContain('clip jobs 12 11 91 s $0.03');
  expect(text).toContain('clip start-up and idle 40 s 2 h $1.24');
  expect(text).toMatch(/clip network volumes \$0\.05\n/);
  expect(text).toMatch(/clip perhaps done at RunPod \(up to \$0\.19\)\n/);
  expect(text).toContain('in all $1.32 for 12 attempts');
  expect(stderr).toContain('1 submit to RunPod got no answer; if RunPod took it, that cost up to $0.19');
  expect(text).toContain('gpu all month $1.00 $1.27 $0.00 $0.19 used up; jobs wait until 2026-12-01');
  expect(stderr).toContain('2 attempts at RunPod are in no cost');
});

test('CSV is what the gateway makes of it, and nothing else', async () => {
  const { code, stdout, stderr } = await cli('usage', '--csv', '--by', 'day,tag', '--endpoint', 'clip');
  expect(code).toBe(0);
  expect(stdout).toBe('kind,cost_usd\r\nattempts,0.02976\r\n');
  expect(stderr).toBe('');
  expect(Object.fromEntries(gateway?.calls[0]?.query ?? [])).toEqual({
    ...{ groupBy: 'day,tag', endpoint: 'clip', format: 'csv' },
  });
});

test('an estimate says what is unknown instead of guessing', async () => {
  const { code, stdout, stderr } = await cli('estimate', 'clip', '--jobs', '2');
  expect(code).toBe(0);
  const text = words(stdout);
  expect(text).toContain('here 0 % 0 unknown 3 unknown local $0.00 unknown unknown unknown');
  expect(text).toContain('RunPod ep7 100 % 40 3.2 s 10 3.2 s ADA_24 $1.12 $0.0025 $0.0037 $0.37');
  expect(text).toContain(
    'in all about $0.0025, if they are spread as in the last 30 days; the range is unknown',
  );
  expect(text).toContain("RunPod ep7: start-up and idle time about $0.015 more, by RunPod's bills so far");
  expect(stderr).toContain('here: nothing was measured there yet');
});

test('a dry run estimates the inputs that lie there, and sends none', async () => {
  writeFileSync(path.join(stage.cwd, 'a.json'), '{"a":1}');
  writeFileSync(path.join(stage.cwd, 'b.json'), '{"a":2}');
  const { code, stdout } = await cli('run', 'clip', 'a.json', 'b.json', '--dry-run', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(ESTIMATE);
  expect(gateway?.calls.map((call) => `${call.method} ${call.path}`)).toEqual([
    ...['GET /v1/endpoints', 'POST /v1/estimate'],
  ]);
});
