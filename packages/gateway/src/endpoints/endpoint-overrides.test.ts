import { expect, test } from 'vitest';
import { applyOverrides, contradiction, describeSettings, mergeChange } from './endpoint-overrides.ts';
import { newTestEndpoint } from './new-test-endpoint.ts';

const base = newTestEndpoint({ workers: { min: 1, max: 3, idleTimeoutMs: 5_000 } });

test('a change replaces what it names and leaves the rest as the file has it', () => {
  const overrides = mergeChange({}, { workers: { max: 8 }, ttlMs: 60_000 });
  expect(applyOverrides(base, overrides)).toEqual({
    ...base,
    workers: { min: 1, max: 8, idleTimeoutMs: 5_000 },
    ttlMs: 60_000,
  });
});

test('changes add up, a later one wins, and null goes back to the file', () => {
  const first = mergeChange({}, { workers: { min: 2, max: 8 }, retries: { workerLost: 4 } });
  const second = mergeChange(first, { workers: { min: null, max: 9 } });
  expect(second).toEqual({ workers: { max: 9 }, retries: { workerLost: 4 } });
  expect(mergeChange(second, { workers: { max: null } })).toEqual({ retries: { workerLost: 4 } });
  expect(mergeChange(second, { workers: null, retries: null })).toEqual({});
});

test('scaling is replaced as a whole, so that no half of another rule stays', () => {
  const overrides = mergeChange({}, { scaling: { type: 'REQUEST_COUNT', requestCount: 2 } });
  expect(applyOverrides(base, overrides).scaling).toEqual({ type: 'REQUEST_COUNT', requestCount: 2 });
  expect(mergeChange(overrides, { scaling: null })).toEqual({});
});

test('min above max is told as a contradiction, whichever of the two was changed', () => {
  expect(contradiction(base, { workers: { min: 4 } })).toMatch(
    /workers\.min: expected at most workers\.max \(3\), got 4/,
  );
  expect(contradiction(base, { workers: { max: 0 } })).toMatch(/got 1/);
  expect(contradiction(base, { workers: { min: 4, max: 4 } })).toBeUndefined();
});

test('where a new file contradicts an older change, max holds', () => {
  const raised = { ...base, workers: { ...base.workers, min: 3, max: 5 } };
  expect(applyOverrides(raised, { workers: { max: 2 } }).workers).toMatchObject({ min: 2, max: 2 });
});

test('every setting is shown with its value, the file’s, and whether they were kept apart', () => {
  const shown = describeSettings(base, { workers: { max: 8 }, ttlMs: base.ttlMs });
  expect(shown.workers.max).toEqual({ value: 8, base: 3, isOverridden: true });
  expect(shown.workers.min).toEqual({ value: 1, base: 1, isOverridden: false });
  expect(shown.ttlMs).toEqual({ value: base.ttlMs, base: base.ttlMs, isOverridden: true });
  expect(shown.scaling).toEqual({ value: base.scaling, base: base.scaling, isOverridden: false });
});

test('hours of pre-warming are changed as a whole list, an empty one switches those of the file off', () => {
  const night = { days: [0, 6], fromMinute: 1_320, toMinute: 360, min: 1, timeZone: 'UTC' };
  const filed = { ...base, workers: { ...base.workers, warm: [night] } };
  const office = { days: 'mon-fri', from: '08:00', to: '18:30', min: 2, timeZone: 'Europe/Berlin' };
  const changed = mergeChange({}, { workers: { max: 8, warm: [office] } });
  expect(applyOverrides(filed, changed).workers.warm).toEqual([
    { days: [1, 2, 3, 4, 5], fromMinute: 480, toMinute: 1_110, min: 2, timeZone: 'Europe/Berlin' },
  ]);
  expect(describeSettings(filed, changed).workers.warm).toEqual({
    value: [office],
    base: [{ days: 'sat-sun', from: '22:00', to: '06:00', min: 1, timeZone: 'UTC' }],
    isOverridden: true,
  });
  const off = mergeChange(changed, { workers: { warm: [] } });
  expect(applyOverrides(filed, off).workers.warm).toEqual([]);
  const back = mergeChange(off, { workers: { warm: null } });
  expect(back).toEqual({ workers: { max: 8 } });
  expect(applyOverrides(filed, back).workers.warm).toEqual([night]);
});
