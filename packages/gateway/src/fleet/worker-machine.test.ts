import { describe, expect, test } from 'vitest';
import { next, PROOF_MS, startLife, type WorkerEvent, type WorkerLife } from './worker-machine.ts';

const CRASH: WorkerEvent = { type: 'exited', exit: { code: 1, signal: null } };
const LEFT: WorkerEvent = { type: 'exited', exit: { code: 0, signal: null } };
const ASKED: WorkerEvent = { type: 'asked' };
const STOP: WorkerEvent = { type: 'stop', reason: 'test' };
const jobs = (count: number): WorkerEvent => ({ type: 'jobs', count });

/** The life after these events, one millisecond apart, and the effects of the last one. */
function after(...events: (WorkerEvent | { readonly waitMs: number })[]) {
  let now = 0;
  let life: WorkerLife = startLife(now);
  let effects: readonly string[] = [];
  for (const event of events) {
    if ('waitMs' in event) {
      now += event.waitMs;
      continue;
    }
    now += 1;
    ({ life, effects } = next(life, event, now));
  }
  return { life, effects };
}

describe('a worker', () => {
  test('is ready from its first job-take on', () => {
    expect(after().life).toMatchObject({ state: 'initializing' });
    expect(after(ASKED).life).toMatchObject({ state: 'idle', readyAt: 1, idleSince: 1 });
    expect(after(ASKED, { waitMs: 50 }, ASKED).life).toMatchObject({ readyAt: 1, idleSince: 1 });
  });

  test('runs while it holds jobs, and is idle since it gave back the last', () => {
    expect(after(ASKED, jobs(1)).life).toMatchObject({ state: 'running', jobs: 1 });
    expect(after(ASKED, jobs(1)).life.idleSince).toBeUndefined();
    expect(after(ASKED, jobs(2), jobs(1)).life.state).toBe('running');
    expect(after(ASKED, jobs(1), jobs(0)).life).toMatchObject({ state: 'idle', jobs: 0, idleSince: 3 });
  });

  test('that holds a job has asked for it', () => {
    expect(after(jobs(1)).life).toMatchObject({ state: 'running', readyAt: 1 });
    expect(after(jobs(0)).life).toMatchObject({ state: 'initializing' });
  });

  test('that asked for a fresh one is stopped at once when idle, else after its last job', () => {
    const outdated: WorkerEvent = { type: 'outdated' };
    expect(after(ASKED, outdated).effects).toEqual(['stop']);
    const busy = after(ASKED, jobs(2), outdated);
    expect(busy.effects).toEqual([]);
    expect(busy.life.state).toBe('outdated');
    expect(after(ASKED, jobs(2), outdated, jobs(1)).effects).toEqual([]);
    expect(after(ASKED, jobs(2), outdated, jobs(0)).effects).toEqual(['stop']);
  });

  test('that recovers is at work where it holds jobs, else idle', () => {
    const [unhealthy, recovered] = [{ type: 'unhealthy', reason: 'x' }, { type: 'recovered' }] as const;
    const busy = after(ASKED, jobs(2), unhealthy, recovered).life;
    expect(busy).toMatchObject({ state: 'running', jobs: 2 });
    expect(busy.problem).toBeUndefined();
    expect(after(unhealthy, recovered).life).toMatchObject({ state: 'idle', readyAt: 2, idleSince: 2 });
    expect(after(ASKED, recovered).life).toEqual(after(ASKED).life);
  });

  test('that is stopping gets no new life from late reports', () => {
    for (const event of [ASKED, jobs(1), jobs(0), { type: 'outdated' } as const]) {
      expect(after(ASKED, STOP, event).life.state).toBe('stopping');
      expect(after(STOP, event).life.state).toBe('stopping');
    }
  });

  test('keeps the first reason for its end', () => {
    expect(after(STOP, { type: 'stop', reason: 'later' }).life.stopReason).toBe('test');
  });

  test('that is ended by force in the middle of a stop says why', () => {
    const { life } = after(ASKED, STOP, { type: 'kill', reason: 'it went on with a cancelled job' });
    expect(life).toMatchObject({ state: 'stopping', stopReason: 'it went on with a cancelled job' });
    expect(after(STOP, { type: 'kill', reason: 'x' }, LEFT).life.state).toBe('stopped');
  });
});

describe('a start', () => {
  test.each([
    ['the worker ends before it asked for a job', [CRASH]],
    ['it leaves with code 0 before it asked for a job', [LEFT]],
    ['it was refused', [{ type: 'start-failed', reason: 'x' }, CRASH]],
    ['it was killed because it was not ready in time', [{ type: 'start-failed', reason: 'x' }, STOP, CRASH]],
    ['it reported itself unhealthy', [{ type: 'unhealthy', reason: 'x' }, CRASH]],
    ['it asked once and was gone', [ASKED, LEFT]],
    ['it asked once and crashed', [ASKED, CRASH]],
  ] as [string, WorkerEvent[]][])('counts as failed when %s', (_, events) => {
    expect(after(...events).effects).toEqual(['failed-start']);
  });

  test('counts neither way when the gateway itself ended the worker', () => {
    expect(after(STOP, LEFT).effects).toEqual([]);
    expect(after(ASKED, STOP, LEFT).effects).toEqual([]);
  });

  test('is proved by the first job, and by a life that is long enough', () => {
    expect(after(ASKED, jobs(1)).effects).toEqual(['proved']);
    expect(after(ASKED, jobs(1), jobs(0), jobs(1)).effects).toEqual([]);
    expect(after(ASKED, { waitMs: PROOF_MS }, CRASH).effects).toEqual(['proved']);
  });

  test('does not count as failed when the worker died of a job', () => {
    expect(after(ASKED, jobs(1), CRASH).effects).toEqual([]);
  });
});
