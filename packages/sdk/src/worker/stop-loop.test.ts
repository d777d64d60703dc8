import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import type { PollResult } from './job-source.ts';
import { createWorkerLog } from './log.ts';
import { createRunningJobs } from './running-jobs.ts';
import { runStopLoop } from './stop-loop.ts';

function createLoop() {
  const clock = createManualClock();
  const running = createRunningJobs();
  const ended = new AbortController();
  const answers: ((answer: PollResult<string>) => void)[] = [];
  const end = runStopLoop({
    source: {
      jobsToStop: (signal) =>
        new Promise((answer) => {
          answers.push(answer);
          signal.addEventListener('abort', () => answer({ kind: 'aborted' }), { once: true });
        }),
    },
    running,
    clock,
    random: () => 0,
    log: createWorkerLog({ write: () => {}, format: 'text', level: 'debug', secrets: [] }),
    signal: ended.signal,
  });
  return {
    clock,
    running,
    answers,
    end,
    async answer(answer: PollResult<string>) {
      answers.at(-1)?.(answer);
      await clock.settle();
    },
    async close() {
      ended.abort();
      running.wake();
      await end;
    },
  };
}

test('nobody is asked while no job runs', async () => {
  const loop = createLoop();
  await loop.clock.settle();
  expect(loop.answers).toHaveLength(0);
  await loop.close();
});

test('the named jobs are aborted with a reason, others run on', async () => {
  const loop = createLoop();
  const signals = new Map<string, AbortSignal>();
  for (const id of ['a', 'b']) {
    loop.running.start(id, async (signal) => {
      signals.set(id, signal);
      await new Promise(() => {});
    });
  }
  await loop.clock.settle();
  await loop.answer({ kind: 'items', items: ['a', 'unknown'] });
  expect(signals.get('a')?.aborted).toBe(true);
  expect(signals.get('a')?.reason).toMatchObject({
    name: 'AbortError',
    message: 'The server stopped this job.',
  });
  expect(signals.get('b')?.aborted).toBe(false);
  expect(loop.answers).toHaveLength(2);
  await loop.close();
});

test('a server that names a stopped job again and again does not make the loop spin', async () => {
  const loop = createLoop();
  loop.running.start('a', () => new Promise(() => {}));
  await loop.clock.settle();
  await loop.answer({ kind: 'items', items: ['a'] });
  for (const pause of [25, 50, 100]) {
    await loop.answer({ kind: 'items', items: ['a'] });
    expect(await loop.clock.advanceToNext()).toBe(pause);
  }
  await loop.close();
});

test('a server without this route is asked with growing pauses', async () => {
  const loop = createLoop();
  loop.running.start('a', () => new Promise(() => {}));
  await loop.clock.settle();
  for (const pause of [125, 250, 500]) {
    await loop.answer({ kind: 'unavailable', reason: 'HTTP 404', retryAfterMs: undefined });
    expect(await loop.clock.advanceToNext()).toBe(pause);
  }
  await loop.close();
  expect(loop.clock.pending()).toEqual([]);
});
