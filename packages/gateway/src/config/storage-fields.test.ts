import { expect, test } from 'vitest';
import { parseConfig } from './parse-config.ts';

const parse = (yaml: string) => parseConfig(yaml, { path: '/x/spillway.yaml', env: {}, builtInWorkers: {} });

function configOf(yaml: string) {
  const parsed = parse(yaml);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

test('artifacts are kept as long as their prefix says, without a bound on how many', () => {
  expect(configOf('').artifacts).toEqual({
    retentionMs: { uploads: 7 * DAY_MS, results: 30 * DAY_MS, status: 30 * DAY_MS },
    quota: {},
  });
  const yaml = 'artifacts: {retention: {uploads: 12h}, quota: {total: 500g, perKey: 50g, perArtifact: 5g}}';
  expect(configOf(yaml).artifacts).toEqual({
    retentionMs: { uploads: DAY_MS / 2, results: 30 * DAY_MS, status: 30 * DAY_MS },
    quota: { totalBytes: 500 * GIB, perKeyBytes: 50 * GIB, perArtifactBytes: 5 * GIB },
  });
});

test.each([
  ['artifacts: {retention: {uploads: 7}}', 'artifacts.retention.uploads', 'a duration from 1h to 365d'],
  ['artifacts: {quota: {total: 500}}', 'artifacts.quota.total', 'a size such as'],
  ['artifacts: {qouta: {}}', 'artifacts.qouta', ''],
  ['cors: {origins: ["*"]}', 'cors.origins', 'an origin as browsers send it'],
  ['cors: {origins: ["app.example.com"]}', 'cors.origins', 'an origin as browsers send it'],
])('%s is told', (yaml, path, words) => {
  const parsed = parse(yaml);
  expect(parsed.ok).toBe(false);
  const [problem] = parsed.ok ? [] : parsed.problems;
  expect(problem?.path).toContain(path);
  expect(problem?.message).toContain(words);
});

test('a bare number that is too little for seconds is asked for its unit', () => {
  const parsed = parse('artifacts: {retention: {uploads: 7}}');
  const [problem] = parsed.ok ? [] : parsed.problems;
  expect(problem?.fix).toBe('write a number with its unit, such as `7d`');
});

test('an origin with a path is told as the origin that it is', () => {
  const parsed = parse('cors: {origins: ["https://app.example.com/login"]}');
  const [problem] = parsed.ok ? [] : parsed.problems;
  expect(problem?.fix).toBe('write `https://app.example.com`');
});
