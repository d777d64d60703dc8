// Some of what `npm run test:spill` does in all combinations: workers here fail while RunPod does. Every accepted job has
// one right result or one true failure, and jobs are home again with the first worker here that is tried.
import { expect, it } from 'vitest';
import { runCell } from '../spill/spill-cell.ts';

it.each([
  ['hung', 'throttled'],
  ['dying', 'losing'],
  ['crash-loop', 'gone'],
  ['stuck', 'slow'],
] as const)('keeps every promise with workers here %s and RunPod %s', async (local, remote) => {
  const report = await runCell(local, remote);
  expect(report).toMatchObject({ broken: [], vainProbes: 0 });
  expect(report.completed + report.failed).toBe(report.jobs);
  expect(report.completed).toBeGreaterThan(0);
});
