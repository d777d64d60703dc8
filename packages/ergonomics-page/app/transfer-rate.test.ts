import { expect, test } from 'vitest';
import { createTransferRate } from './transfer-rate.ts';

function rateAt() {
  const time = { now: 0 };
  return { time, rate: createTransferRate(() => time.now) };
}

test('the speed is that of the last seconds, and falls when nothing more comes', () => {
  const { time, rate } = rateAt();
  rate.note(0);
  expect(rate.bytesPerSecond()).toBeUndefined();
  time.now = 2_000;
  rate.note(4_000);
  expect(rate.bytesPerSecond()).toBe(2_000);
  time.now = 4_000;
  expect(rate.bytesPerSecond()).toBe(1_000);
  time.now = 20_000;
  rate.note(4_500);
  time.now = 21_000;
  rate.note(5_000);
  expect(rate.bytesPerSecond()).toBe(500);
});

test('what was there before a pause is no speed', () => {
  const { time, rate } = rateAt();
  rate.note(0);
  time.now = 1_000;
  rate.forget();
  rate.note(9_000_000);
  expect(rate.bytesPerSecond()).toBeUndefined();
});
