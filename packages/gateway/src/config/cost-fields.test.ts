import { expect, test } from 'vitest';
import { parseConfig } from './parse-config.ts';

const parse = (text: string) =>
  parseConfig(text, { path: '/site/spillway.yaml', env: {}, builtInWorkers: {} });

function problemsOf(text: string): string[] {
  const result = parse(text);
  return result.ok ? [] : result.problems.map(({ path, message, fix }) => `${path}: ${message} → ${fix}`);
}

const remote = (more = '', spill = '') => `
endpoints:
  echo:
    command: [python3]
    backends: [process, { runpod: { endpointId: ep, apiKey: k${more} } }]
    ${spill}
`;

test('prices and budgets are read as whole millionths of a dollar', () => {
  const result = parse(`${remote(', gpuPool: ADA_24, gpuCount: 2', 'spill: { maxCostPerDay: 5.00 }')}
prices: { local: 0.4, runpod: { ADA_24: "1.10" } }
budgets:
  gpu: { limit: 50, endpoint: echo, alertAt: [90], webhook: "https://example.com/" }
  team: { limit: 0.5, per: day, key: k1, hardStop: false }
`);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.config.prices).toEqual({ local: 400_000, pool: 0, runpod: { ADA_24: 1_100_000 } });
  expect(result.config.budgets).toEqual([
    {
      ...{ name: 'gpu', per: 'month', limitMicros: 50_000_000, endpoint: 'echo', alertAt: [90] },
      ...{ isHardStop: true, webhook: 'https://example.com/' },
    },
    {
      name: 'team',
      per: 'day',
      limitMicros: 500_000,
      keyId: 'k1',
      alertAt: [50, 80, 100],
      isHardStop: false,
    },
    {
      ...{ name: 'echo spill', endpoint: 'echo', per: 'day', limitMicros: 5_000_000, alertAt: [] },
      ...{ isHardStop: true, isOfSpill: true },
    },
  ]);
  expect(result.config.endpoints[0]?.remote).toMatchObject({ gpuPool: 'ADA_24', gpuCount: 2 });
});

test('a budget can count only what has a price', () => {
  const problem =
    'endpoints.echo.backends.1.runpod.gpuPool: expected the pool of its cards, since %s counts what they cost, found nothing → write the pool that the endpoint was given at RunPod, such as `gpuPool: ADA_24`';
  expect(problemsOf(remote('', 'spill: { maxCostPerDay: 5 }'))).toEqual([
    problem.replace('%s', '`maxCostPerDay`'),
  ]);
  expect(problemsOf(`${remote()}\nbudgets: { gpu: { limit: 1 } }`)).toEqual([
    problem.replace('%s', 'the budget gpu'),
  ]);
  expect(problemsOf(remote())).toEqual([]);
});

test.each([
  ['budgets: { gpu: { limit: -1 } }', 'budgets.gpu.limit: expected an amount of US dollars above 0'],
  ['budgets: { gpu: { limit: 1, per: year } }', 'budgets.gpu.per: expected `day` or `month`'],
  [
    'budgets: { gpu: { limit: 1, endpoint: nope } }',
    'budgets.gpu.endpoint: expected the name of an endpoint',
  ],
  ['budgets: { "a b": { limit: 1 } }', 'budgets.a b: expected a name of 1 to 63 letters'],
  ['prices: { local: cheap }', 'prices.local: expected an amount of US dollars from 0'],
])('what is wrong is told with its place and a fix: %s', (text, start) => {
  const [problem = ''] = problemsOf(text);
  expect(problem).toMatch(/ → .+/);
  expect(problem.startsWith(start)).toBe(true);
});
