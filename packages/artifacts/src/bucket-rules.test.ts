import { expect, test } from 'vitest';
import {
  type BucketNeeds,
  type CorsRule,
  type LifecycleRule,
  planCors,
  planLifecycle,
} from './bucket-rules.ts';

const DAY_MS = 86_400_000;
const needs: BucketNeeds = {
  retentionMs: { uploads: 7 * DAY_MS, results: 30 * DAY_MS, status: DAY_MS / 2 },
  origins: ['https://app.example.com', 'https://gateway.example.com'],
};

test('an empty bucket gets a rule for each prefix, and one for unfinished uploads', () => {
  const { rules, changes } = planLifecycle([], needs);
  expect(changes).toEqual([
    'add spillway-uploads: delete uploads/ after 14 days',
    'add spillway-results: delete results/ after 37 days',
    'add spillway-status: delete status/ after 8 days',
    'add spillway-unfinished: abort unfinished uploads of everything after 7 days',
  ]);
  expect(rules).toHaveLength(4);
});

test('what was written once is not changed again', () => {
  const { rules } = planLifecycle([], needs);
  expect(planLifecycle(rules, needs).changes).toEqual([]);
  // A bucket may tell a prefix in the old place, and in another order.
  const told = rules.toReversed().map(({ Filter, ...rule }) => ({ ...rule, Prefix: Filter?.Prefix }));
  expect(planLifecycle(told, needs).changes).toEqual([]);
  const cors = planCors([], needs).rules;
  expect(planCors(cors, needs).changes).toEqual([]);
  const withoutIds = cors.map(({ ID: _, ...rule }) => ({
    ...rule,
    ExposeHeaders: rule.ExposeHeaders?.map((name) => name.toLowerCase()).toReversed(),
  }));
  expect(planCors(withoutIds, needs).changes).toEqual([]);
});

test('rules of others stay as they are', () => {
  const backup: LifecycleRule = {
    ...{ ID: 'backup', Status: 'Enabled', Filter: { Prefix: 'backup/' } },
    Expiration: { Days: 900 },
  };
  const site: CorsRule = { AllowedOrigins: ['*'], AllowedMethods: ['GET'], MaxAgeSeconds: 5 };
  expect(planLifecycle([backup], needs).rules[0]).toBe(backup);
  expect(planCors([site], needs).rules[0]).toBe(site);
  expect(planCors([site], { ...needs, origins: [] })).toEqual({ rules: [site], changes: [] });
});

test('another retention and other origins are changes, told with what was before', () => {
  const { rules } = planLifecycle([], needs);
  const longer = { ...needs, retentionMs: { ...needs.retentionMs, uploads: 14 * DAY_MS } };
  expect(planLifecycle(rules, longer).changes).toEqual([
    'change spillway-uploads: delete uploads/ after 21 days (was: delete uploads/ after 14 days)',
  ]);
  const cors = planCors([], needs).rules;
  expect(planCors(cors, { ...needs, origins: ['https://b.example.com'] }).changes).toEqual([
    'change spillway: GET, HEAD, PUT from https://b.example.com (was: GET, HEAD, PUT from https://app.example.com, https://gateway.example.com)',
  ]);
  expect(planCors(cors, { ...needs, origins: [] }).changes).toEqual([
    'remove spillway: GET, HEAD, PUT from https://app.example.com, https://gateway.example.com',
  ]);
});

test('a rule of ours that somebody switched off is switched on again', () => {
  const { rules } = planLifecycle([], needs);
  const off = rules.map((rule) =>
    rule.ID === 'spillway-status' ? { ...rule, Status: 'Disabled' as const } : rule,
  );
  expect(planLifecycle(off, needs).changes).toEqual([
    expect.stringMatching(/^change spillway-status: .*\(switched off\)\)$/),
  ]);
});
