import { expect, test } from 'vitest';
import { createRegistry } from './registry.ts';

test('counters add up by their labels', () => {
  const registry = createRegistry();
  const jobs = registry.counter('jobs_total', 'Jobs.', ['endpoint', 'status']);
  jobs.of('a', 'FAILED').inc();
  jobs.of('a', 'FAILED').inc(2);
  jobs.of('b', 'COMPLETED').inc();
  expect(registry.text()).toBe(
    [
      '# HELP jobs_total Jobs.',
      '# TYPE jobs_total counter',
      'jobs_total{endpoint="a",status="FAILED"} 3',
      'jobs_total{endpoint="b",status="COMPLETED"} 1',
      '',
    ].join('\n'),
  );
});

test('a histogram counts each value in every bucket that holds it, bounds included', () => {
  const registry = createRegistry();
  const wait = registry.histogram('wait_seconds', 'Wait.', ['endpoint'], [0.1, 1]).of('a');
  for (const value of [0.05, 0.1, 0.5, 7]) wait.observe(value);
  expect(registry.text().split('\n').slice(2)).toEqual([
    'wait_seconds_bucket{endpoint="a",le="0.1"} 2',
    'wait_seconds_bucket{endpoint="a",le="1"} 3',
    'wait_seconds_bucket{endpoint="a",le="+Inf"} 4',
    'wait_seconds_sum{endpoint="a"} 7.65',
    'wait_seconds_count{endpoint="a"} 4',
    '',
  ]);
});

test('gauges are read when they are asked for, and label values are escaped', () => {
  const registry = createRegistry();
  let depth = 1;
  registry.gauge('depth', 'Depth.', ['name'], () => [[['a"b\\c\nd'], depth]]);
  registry.readCounter('seconds_total', 'Seconds.', () => 2.5);
  depth = 4;
  expect(registry.text()).toContain('depth{name="a\\"b\\\\c\\nd"} 4\n');
  expect(registry.text()).toContain('\nseconds_total 2.5\n');
});
