// Ten rounds of what `npm run test:crash` does at length: kill -9 of the gateway, of workers and of both under load, and
// a worker that breaks the rules beside them. Nothing acknowledged is lost, ends twice, or never ends.
import { expect, it } from 'vitest';
import { crashTable } from './crash-table.ts';
import { runCrashTest } from './crash-test.ts';

it('keeps every promise over ten rounds of kill -9', async () => {
  const report = await runCrashTest({ rounds: 10, seed: 10 });
  const { lost, contradicted, stuck, untold, leftBehind } = report;
  expect({ lost, contradicted, stuck, untold, leftBehind }, crashTable(report)).toEqual({
    lost: [],
    contradicted: [],
    stuck: [],
    untold: [],
    leftBehind: 0,
  });
  // It was a test at all: there was load, and kills hit it.
  expect(report.completed).toBeGreaterThan(200);
  expect(report.redelivered).toBeGreaterThan(0);
  expect(report.webhooks).toBeGreaterThan(0);
});
