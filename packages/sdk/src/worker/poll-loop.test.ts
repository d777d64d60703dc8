import { expect, test } from 'vitest';
import { createManualClock } from '../clock/manual-clock.ts';
import type { PollResult } from './job-source.ts';
import { createWorkerLog } from './log.ts';
import { type Concurrency, runPollLoop } from './poll-loop.ts';
import { createRunningJobs } from './running-jobs.ts';
import type { TakenAttempt } from './taken-job.ts';

type Answer = PollResult<TakenAttempt>;

const jobs = (...ids: string[]): Answer => ({
  kind: 'items',
  items: ids.map((id) => ({ job: { id, input: {} }, attempt: undefined, problem: undefined })),
});
const unavailable = (reason = 'HTTP 500', retryAfterMs?: number): Answer => ({
  kind: 'unavailable',
  reason,
  retryAfterMs,
});

/** A loop whose polls are answered by hand, and whose jobs end by hand. */
function createLoop(concurrency: Concurrency = 1) {
  const clock = createManualClock();
  const running = createRunningJobs();
  const stop = new AbortController();
  const polls: { want: number; isBusy: boolean; answer: (answer: Answer) => void }[] = [];
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const handlerEnds = new Map<string, () => void>();
  const lines: string[] = [];
  const end = runPollLoop({
    source: {
      take: (want, isBusy, signal) =>
        new Promise((answer) => {
          polls.push({ want, isBusy, answer });
          signal.addEventListener('abort', () => answer({ kind: 'aborted' }), { once: true });
        }),
    },
    running,
    concurrency,
    startJob: ({ job }) => {
      started.push(job.id);
      running.start(job.id, (_signal, freePlace) => {
        handlerEnds.set(job.id, freePlace);
        return new Promise((resolve) => ends.set(job.id, resolve));
      });
    },
    clock,
    random: () => 0,
    log: createWorkerLog({
      write: (line) => lines.push(line),
      format: 'text',
      level: 'debug',
      secrets: [],
    }),
    signal: stop.signal,
  });
  return {
    clock,
    polls,
    started,
    lines,
    end,
    async answer(answer: Answer) {
      await clock.settle();
      polls.at(-1)?.answer(answer);
      await clock.settle();
    },
    /** The handler ends; the result is on its way until `finish`. */
    async endHandler(jobId: string) {
      await clock.settle();
      handlerEnds.get(jobId)?.();
      await clock.settle();
    },
    async finish(jobId: string) {
      await clock.settle();
      ends.get(jobId)?.();
      await clock.settle();
    },
    stop() {
      stop.abort();
      running.wake();
    },
  };
}

test('a worker for one job does not ask for more while it runs one', async () => {
  const loop = createLoop();
  await loop.answer(jobs('a'));
  expect(loop.started).toEqual(['a']);
  expect(loop.polls).toHaveLength(1);
  await loop.finish('a');
  expect(loop.polls).toHaveLength(2);
  expect(loop.polls[1]).toMatchObject({ want: 1, isBusy: false });
  loop.stop();
  expect(await loop.end).toEqual({ kind: 'stopped' });
});

test('free places are asked for together', async () => {
  const loop = createLoop(3);
  expect(loop.polls[0]).toMatchObject({ want: 3, isBusy: false });
  await loop.answer(jobs('a'));
  expect(loop.polls[1]).toMatchObject({ want: 2, isBusy: true });
  await loop.answer(jobs('b', 'c'));
  expect(loop.polls).toHaveLength(2);
  await loop.finish('b');
  expect(loop.polls[2]).toMatchObject({ want: 1, isBusy: true });
  loop.stop();
  await loop.end;
});

test('the next jobs do not wait for results on their way, of which there are no more than places', async () => {
  const loop = createLoop(2);
  await loop.answer(jobs('a', 'b'));
  await loop.endHandler('a');
  expect(loop.polls[1]).toMatchObject({ want: 1, isBusy: true });
  await loop.answer(jobs('c'));
  await loop.endHandler('b');
  await loop.answer(jobs('d'));
  await loop.endHandler('c');
  expect(loop.polls).toHaveLength(3);
  await loop.finish('a');
  expect(loop.polls).toHaveLength(4);
  loop.stop();
  await loop.end;
});

test('with one place the result is with the server before the next job is asked for', async () => {
  const loop = createLoop(1);
  await loop.answer(jobs('a'));
  await loop.endHandler('a');
  expect(loop.polls).toHaveLength(1);
  await loop.finish('a');
  expect(loop.polls).toHaveLength(2);
  loop.stop();
  await loop.end;
});

test('a function for the concurrency is asked before each poll, with the limit so far', async () => {
  const asked: number[] = [];
  const loop = createLoop((current) => {
    asked.push(current);
    return current + 1;
  });
  await loop.answer(jobs('a'));
  expect(loop.polls.map(({ want }) => want)).toEqual([2, 2]);
  expect(asked).toEqual([1, 2]);
  loop.stop();
  await loop.end;
});

test('a concurrency that throws or makes no sense leaves the limit as it is and says so', async () => {
  const answers = [
    () => Number.NaN,
    () => 0,
    () => {
      throw new Error('sensor lost');
    },
  ];
  for (const concurrency of answers) {
    const loop = createLoop(concurrency);
    await loop.clock.settle();
    expect(loop.polls[0]?.want).toBe(1);
    expect(loop.lines[0]).toContain('concurrency');
    loop.stop();
    await loop.end;
  }
});

test('a server that says "nothing" without holding the poll is asked less and less often', async () => {
  const loop = createLoop();
  const pauses: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    await loop.answer(jobs());
    pauses.push(await loop.clock.advanceToNext());
  }
  expect(pauses).toEqual([25, 50, 100, 200, 400, 500, 500, 500]);
  loop.stop();
  await loop.end;
});

test('a server that holds the poll is asked again at once', async () => {
  const loop = createLoop();
  await loop.clock.advance(20_000);
  await loop.answer(jobs());
  expect(loop.polls).toHaveLength(2);
  expect(loop.clock.pending()).toEqual([]);
  loop.stop();
  await loop.end;
});

test('a server in trouble is asked with growing pauses, for as long as it takes', async () => {
  const loop = createLoop();
  const pauses: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    await loop.answer(unavailable());
    pauses.push(await loop.clock.advanceToNext());
  }
  expect(pauses.slice(0, 7)).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 5_000]);
  expect(pauses.at(-1)).toBe(5_000);
  await loop.answer(jobs('a'));
  expect(loop.started).toEqual(['a']);
  expect(loop.lines.filter((line) => line.includes('failed (HTTP 500)')).length).toBeLessThan(5);
  expect(loop.lines.at(-1)).toContain('works again after 50 failed tries');
  loop.stop();
  await loop.finish('a');
  await loop.end;
});

test('a server that says when to come back is believed, within a minute', async () => {
  const loop = createLoop();
  await loop.answer(unavailable('HTTP 429', 7_000));
  expect(await loop.clock.advanceToNext()).toBe(7_000);
  await loop.answer(unavailable('HTTP 429', 86_400_000));
  expect(await loop.clock.advanceToNext()).toBe(60_000);
  loop.stop();
  await loop.end;
});

test('a key that is refused five times in a row ends the worker', async () => {
  const loop = createLoop();
  const refused: Answer = { kind: 'refused', reason: 'HTTP 401: invalid api key' };
  for (let i = 0; i < 4; i += 1) {
    await loop.answer(refused);
    await loop.clock.advanceToNext();
  }
  await loop.answer(refused);
  expect(await loop.end).toEqual(refused);
});

test('a key that is taken again counts as good', async () => {
  const loop = createLoop();
  const refused: Answer = { kind: 'refused', reason: 'HTTP 403: starting' };
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 4; i += 1) {
      await loop.answer(refused);
      await loop.clock.advanceToNext();
    }
    await loop.answer(unavailable());
    await loop.clock.advanceToNext();
  }
  loop.stop();
  expect(await loop.end).toEqual({ kind: 'stopped' });
});

test('a stop gives up the poll, and cuts a pause short', async () => {
  const polling = createLoop();
  await polling.clock.settle();
  polling.stop();
  expect(await polling.end).toEqual({ kind: 'stopped' });

  const pausing = createLoop();
  await pausing.answer(unavailable());
  pausing.stop();
  expect(await pausing.end).toEqual({ kind: 'stopped' });
  expect(pausing.clock.pending()).toEqual([]);
});

test('a job that comes on the very poll that is given up still runs', async () => {
  const loop = createLoop();
  await loop.clock.settle();
  loop.polls[0]?.answer(jobs('last'));
  loop.stop();
  expect(await loop.end).toEqual({ kind: 'stopped' });
  expect(loop.started).toEqual(['last']);
  expect(loop.polls).toHaveLength(1);
});
