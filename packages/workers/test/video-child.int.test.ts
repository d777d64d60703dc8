import { afterEach, expect, test } from 'vitest';
import { type Child, startChild } from '../src/video/ffmpeg/child.ts';

// What holds for every program that works for a job, shown with a shell in ffmpeg's place.

const children: Child[] = [];
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
});

function start(script: string, options: Parameters<typeof startChild>[2] = {}): Child {
  const child = startChild('/bin/sh', ['-c', script], options);
  children.push(child);
  return child;
}

function isAlive(child: Child): boolean {
  try {
    return process.kill(child.process.pid ?? 0, 0);
  } catch {
    return false;
  }
}

async function printed(child: Child): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout) text += String(chunk);
  return text;
}

test('a program that does not stop when it is asked is killed', async () => {
  const cancel = new AbortController();
  const child = start('trap "" TERM; echo ready; while :; do sleep 0.05; done', {
    signal: cancel.signal,
    graceMs: 50,
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  cancel.abort();
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(isAlive(child)).toBe(false);
});

test('one that stops when it is asked is given the time for it', async () => {
  const child = start('trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done', { graceMs: 60_000 });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await child.stop();
  expect(await child.ended).toEqual({ code: 7, signal: null });
});

test('however much it says, the beginning and the end of it are kept', async () => {
  const child = start('echo first >&2; head -c 3000000 /dev/zero | tr "\\0" x >&2; echo last >&2');
  await child.ended;
  const said = child.stderr();
  expect(said.length).toBeLessThan(20_000);
  expect(said).toMatch(/^first\n/);
  expect(said).toMatch(/last\n$/);
});

test('its environment holds no secret of the worker', async () => {
  process.env.MY_SECRET_KEY = 'secret';
  try {
    const text = await printed(start('env'));
    expect(text).toContain('PATH=');
    expect(text).not.toContain('secret');
  } finally {
    delete process.env.MY_SECRET_KEY;
  }
});

test('a program that is not there is an error with advice', async () => {
  const child = startChild('/nowhere/ffmpeg', []);
  await expect(child.ended).rejects.toMatchObject({ code: 'FFMPEG_MISSING' });
  await child.stop();
});

test('nothing is started for a job that is over', () => {
  const reason = new Error('cancelled');
  expect(() => startChild('/bin/sh', ['-c', 'true'], { signal: AbortSignal.abort(reason) })).toThrow(reason);
});
