import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CachedProgram, ensureCached, findCached, type InstallStep } from './cached-program.ts';

let cache: string;
let lines: string[];
const say = (line: string) => void lines.push(line);
beforeEach(() => {
  cache = mkdtempSync(path.join(tmpdir(), 'spillway-cached-'));
  lines = [];
  vi.spyOn(console, 'warn').mockImplementation(say);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(cache, { recursive: true });
});

const shell = (script: string, into: string): InstallStep => ({
  command: ['/bin/sh', '-c', script, 'sh', into],
});
/** An installer that is a shell script whose first argument is the folder. */
const installedBy = (script: string): CachedProgram => ({
  ...{ title: 'echo 1.0', folder: 'echo-1.0', program: 'echo' },
  steps: (into) => [shell(script, into)],
});
const GOOD = installedBy('echo hello > "$1/echo"');
const place = () => path.join(cache, 'echo-1.0', 'echo');

test('a program is installed once, and found from then on', async () => {
  await ensureCached(GOOD, { cache, say });
  expect(lines).toEqual([`Installing echo 1.0 into ${path.join(cache, 'echo-1.0')} …`]);
  await ensureCached(installedBy('exit 1'), { cache, say });
  expect(findCached(GOOD, cache)).toBe(place());
  expect(lines).toHaveLength(1);
  expect(readdirSync(cache)).toEqual(['echo-1.0']);
});

test('an installer that fails is told in one line with its last words, and leaves nothing', async () => {
  await ensureCached(installedBy('echo half > "$1/echo"; echo "a; b" >&2; echo "no network" >&2; exit 3'), {
    cache,
    say,
  });
  expect(lines.slice(1)).toEqual([
    'SKIPPED: echo 1.0 could not be installed (no network). Tests that need it are skipped.',
  ]);
  expect(readdirSync(cache)).toEqual([]);
});

test('an installer that is not there is told in the same way', async () => {
  const absent = { ...GOOD, steps: (): InstallStep[] => [{ command: ['/nowhere/at/all'] }] };
  await ensureCached(absent, { cache, say });
  expect(lines.at(-1)).toMatch(/^SKIPPED: echo 1\.0 could not be installed \(.*ENOENT/);
});

test('what an installation left that was killed is not taken for whole, and made anew', async () => {
  mkdirSync(path.dirname(place()));
  writeFileSync(place(), 'half');
  expect(findCached(GOOD, cache)).toBeUndefined();
  expect(lines).toEqual(['SKIPPED: echo 1.0 is not there (node tools/install-test-programs.ts)']);
  await ensureCached(GOOD, { cache, say });
  expect(findCached(GOOD, cache)).toBe(place());
});

test('who looks while it is installed sees nothing of it, and two installations at once are one', async () => {
  const go = path.join(cache, 'go');
  const begun = path.join(cache, 'begun');
  const slow = installedBy(
    `echo half > "$1/echo"; touch ${begun}; while [ ! -e ${go} ]; do sleep 0.01; done; echo hello > "$1/echo"`,
  );
  const both = [ensureCached(slow, { cache, say }), ensureCached(slow, { cache, say })];
  await vi.waitUntil(() => existsSync(begun), { timeout: 60_000 });
  expect(findCached(slow, cache)).toBeUndefined();
  writeFileSync(go, '');
  await Promise.all(both);
  expect(findCached(slow, cache)).toBe(place());
  expect(readdirSync(cache).toSorted()).toEqual(['begun', 'echo-1.0', 'go']);
});
