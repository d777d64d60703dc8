import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFolderEngine } from './folder-engine.ts';

const PROGRAM = path.join(import.meta.dirname, 'fixtures/large-value-kill.ts');
const TEXT = JSON.stringify({ text: 'x'.repeat(300_000) });
const MINUTES_11 = 11 * 60_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-large-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Answers the id of the job that was accepted, if one was. */
async function runUntilKilled(where: string): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, folder, where], { stdio: ['ignore', 'pipe', 'inherit'] });
  let id = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    id += chunk;
  });
  const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  return id;
}

/** What the next gateway finds, and what is left once it has swept. */
async function lookAfter() {
  const { engine, store } = openFolderEngine(folder, { aheadMs: MINUTES_11 });
  const keys = async () => {
    const kinds: string[] = [];
    for await (const { key } of store.list('values/')) kinds.push(key.replace(/_.*/, ''));
    return kinds.sort();
  };
  const [before, swept] = [await keys(), await engine.sweepValues()];
  const { jobs } = await engine.queue.list({ limit: 10 });
  const [summary] = jobs;
  const stored = summary && (await engine.queue.get(summary.id));
  const job = stored && (await engine.queue.withWhole(stored, ['input', 'output'], (whole) => whole));
  const after = await keys();
  await engine.close();
  return { before, swept, after, job };
}

test.each([
  ['submit: announced, no bytes', []],
  ['submit: bytes without a row', ['values/input']],
])('a gateway that dies in a submit (%s) leaves no job, and nothing for long', async (where, before) => {
  expect(await runUntilKilled(where)).toBe('');
  expect(await lookAfter()).toEqual({ before, swept: 1, after: [], job: undefined });
});

test('a job that was accepted has its whole input after a kill', async () => {
  const id = await runUntilKilled('submit: accepted');
  const found = await lookAfter();
  expect(found).toMatchObject({ swept: 0, after: ['values/input'], job: { id, input: TEXT } });
});

test('a result whose row was not written is swept, and its job runs on with its input', async () => {
  const id = await runUntilKilled('result: bytes without a row');
  const { before, swept, after, job } = await lookAfter();
  expect({ before, swept, after }).toEqual({
    ...{ before: ['values/input', 'values/output'], swept: 1, after: ['values/input'] },
  });
  expect(job).toMatchObject({ id, status: 'IN_PROGRESS', input: TEXT });
});

test('a result that was noted is there after a kill', async () => {
  const id = await runUntilKilled('result: noted');
  const { swept, job } = await lookAfter();
  expect(swept).toBe(0);
  expect(job).toMatchObject({ id, status: 'COMPLETED', input: TEXT, output: TEXT });
});

test('what a deleted job had is swept by the next gateway', async () => {
  await runUntilKilled('deleted');
  const found = await lookAfter();
  expect(found).toEqual({
    ...{ before: ['values/input', 'values/output'], swept: 2, after: [], job: undefined },
  });
});
