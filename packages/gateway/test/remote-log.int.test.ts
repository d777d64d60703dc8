import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRemoteLog } from '../src/remote/remote-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'spillway-remote-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 10, 21);

async function openLog(file = path.join(folder, 'logs', 'echo', 'runpod.lines')) {
  const log = createRemoteLog({ now: () => NOW, file });
  await log.open();
  return log;
}

test('lines on jobs at RunPod outlive the gateway, each with its attempt', async () => {
  const first = await openLog();
  first.add('runpod:far:a', 'job j1 goes to far: it had\n  waited');
  first.add('runpod:far:b', 'job j2 is COMPLETED');
  await first.close();
  const second = await openLog();
  second.add('runpod:far:a', 'job j1 is COMPLETED');
  const at = '[runpod 2026-11-21T00:00:00.000Z]';
  expect(second.tail(10)).toEqual([
    { workerId: 'runpod:far:a', line: `${at} job j1 goes to far: it had | waited` },
    { workerId: 'runpod:far:b', line: `${at} job j2 is COMPLETED` },
    { workerId: 'runpod:far:a', line: `${at} job j1 is COMPLETED` },
  ]);
  expect(second.tail(10, 'runpod:far:b')).toHaveLength(1);
  await second.close();
});

test('however many there are, the disk holds a bounded part of them, the newest', async () => {
  const log = await openLog();
  for (let i = 0; i < 3_000; i += 1) log.add('runpod:far:a', `${i} ${'x'.repeat(1_500)}`);
  await log.close();
  const files = readdirSync(path.join(folder, 'logs', 'echo'));
  const sizes = files.map((name) => statSync(path.join(folder, 'logs', 'echo', name)).size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(2 * 1024 * 1024);
  const next = await openLog();
  expect(next.tail(1)[0]?.line).toContain('] 2999 ');
  await next.close();
});

test('where the file can’t be opened the lines are there all the same, and it is told', async () => {
  writeFileSync(path.join(folder, 'taken'), '');
  const told: string[] = [];
  const file = path.join(folder, 'taken', 'runpod.lines');
  const log = createRemoteLog({ now: () => NOW, file, onError: ({ message }) => told.push(message) });
  await log.open();
  log.add('runpod:far:a', 'job j1 has begun');
  expect(log.tail(1)).toHaveLength(1);
  expect(told).toHaveLength(1);
  await log.close();
});
