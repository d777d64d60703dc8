import { EventEmitter } from 'node:events';
import { createManualClock, type ManualClock } from '@spillway/sdk/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../errors.ts';
import { createRefusalHold, isPolledByWorkers, type RefusalHold } from './refusal-hold.ts';
import { workerJobRoutes } from './routes/worker-jobs.ts';

const REFUSED = new GatewayError('UNAUTHORIZED', 'invalid api key');

class Connection extends EventEmitter {
  destroyed = false;
  hangUp(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

describe('an answer that turns a worker away', () => {
  let clock: ManualClock;
  let server: AbortController;
  let refusals: RefusalHold;
  let answered: string[];
  beforeEach(() => {
    clock = createManualClock();
    server = new AbortController();
    refusals = createRefusalHold({ clock, stopping: server.signal, holdMs: 1_000, most: 2 });
    answered = [];
  });
  afterEach(() => expect(clock.pending()).toEqual([]));

  function refuse(name: string, { error = REFUSED as Error, connection = new Connection() } = {}) {
    void refusals.hold(error, connection).then(() => answered.push(name));
    return connection;
  }

  it('takes a second', async () => {
    const connection = refuse('one');
    await clock.advance(999);
    expect(answered).toEqual([]);
    await clock.advance(1);
    expect(answered).toEqual(['one']);
    expect(connection.listenerCount('close')).toBe(0);
  });

  it('is given at once where too many are held already, and later ones find room again', async () => {
    for (const name of ['a', 'b', 'c']) refuse(name);
    await clock.settle();
    expect(answered).toEqual(['c']);
    await clock.advance(1_000);
    expect(answered).toEqual(['c', 'a', 'b']);
    refuse('d');
    await clock.settle();
    expect(answered).not.toContain('d');
    await clock.advance(1_000);
  });

  it('is waited for no longer when the worker hangs up, which leaves its place to another', async () => {
    const first = refuse('first');
    refuse('second');
    first.hangUp();
    await clock.settle();
    expect(answered).toEqual(['first']);
    refuse('gone', { connection: first });
    refuse('third');
    await clock.settle();
    expect(answered).toEqual(['first', 'gone']);
    await clock.advance(1_000);
    expect(answered).toEqual(['first', 'gone', 'second', 'third']);
  });

  it('is given at once when the server stops, and from then on', async () => {
    refuse('held');
    server.abort();
    refuse('later');
    await clock.settle();
    expect(answered.sort()).toEqual(['held', 'later']);
  });

  it('is not delayed where the gateway itself failed', async () => {
    refuse('bug', { error: new Error('oops') });
    refuse('disk', { error: new GatewayError('STORE_UNAVAILABLE', 'the disk is full') });
    await clock.settle();
    expect(answered).toEqual(['bug', 'disk']);
  });
});

it('the polls of the worker protocol are those whose refusals are held', () => {
  const polled = workerJobRoutes.filter(isPolledByWorkers).map(({ path }) => path.split('/')[3]);
  expect(polled).toEqual(['job-take', 'job-take-batch', 'job-stop']);
});
