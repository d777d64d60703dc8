import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { countFamily, durationFamily } from './series.ts';

const BOUNDS = [0.01, 0.5, 1, 60];
const SERIES = { name: 'a_seconds', help: 'Some.' };
const names = fc.constantFrom('a', 'b"\\\n', 'ü');

/** The sums may differ in the last digit, as it is written. */
const linesOf = async (registry: Registry) => (await registry.metrics()).trim().split('\n').sort();

test('what is counted reads as the library’s own series would', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          names,
          names,
          fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(...BOUNDS)),
        ),
      ),
      async (observed) => {
        const [ours, theirs] = [new Registry(), new Registry()];
        const labels = ['endpoint', 'outcome'];
        const durations = durationFamily({ ...SERIES, labels, bounds: BOUNDS, registry: ours });
        const counts = countFamily({ name: 'a_total', help: 'Some.', labels, registry: ours });
        const given = { labelNames: labels, registers: [theirs] };
        const histogram = new Histogram({ ...SERIES, ...given, buckets: BOUNDS });
        const counter = new Counter({ name: 'a_total', help: 'Some.', ...given });
        for (const [endpoint, outcome, seconds] of observed) {
          durations(endpoint, outcome).observe(seconds);
          counts(endpoint, outcome).add();
          histogram.observe({ endpoint, outcome }, seconds);
          counter.inc({ endpoint, outcome });
        }
        expect(await linesOf(ours)).toEqual(await linesOf(theirs));
      },
    ),
    { numRuns: 50 },
  );
});

test('a series stands at zero from when it was first asked for', async () => {
  const registry = new Registry();
  countFamily({ name: 'a_total', help: 'Some.', labels: ['endpoint'], registry })('echo');
  expect(await linesOf(registry)).toContain('a_total{endpoint="echo"} 0');
});
