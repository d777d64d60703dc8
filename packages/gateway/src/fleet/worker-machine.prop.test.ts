import fc from 'fast-check';
import { expect, test } from 'vitest';
import { next, startLife, type WorkerEvent } from './worker-machine.ts';

const event: fc.Arbitrary<WorkerEvent> = fc.oneof(
  fc.constant({ type: 'asked' } as const),
  fc.nat(3).map((count) => ({ type: 'jobs', count }) as const),
  fc.constant({ type: 'outdated' } as const),
  fc.constant({ type: 'unhealthy', reason: 'x' } as const),
  fc.constant({ type: 'recovered' } as const),
  fc.constant({ type: 'start-failed', reason: 'x' } as const),
  fc.constant({ type: 'stop', reason: 'x' } as const),
  fc.constant({ type: 'kill', reason: 'y' } as const),
  fc.constant({ type: 'exited', exit: { code: 1, signal: null } } as const),
);

test('a worker that has ended stays so, and its state always agrees with its jobs', () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let life = startLife(0);
      let hasBeenStopping = false;
      let readyAt: number | undefined;
      events.forEach((each, index) => {
        const before = life;
        const step = next(life, each, index);
        life = step.life;
        if (before.state === 'stopped') {
          expect(life).toBe(before);
          expect(step.effects).toEqual([]);
        }
        hasBeenStopping ||= life.state === 'stopping';
        if (hasBeenStopping) expect(['stopping', 'stopped']).toContain(life.state);
        if (life.state === 'idle') expect(life.jobs).toBe(0);
        if (life.state === 'running') expect(life.jobs).toBeGreaterThan(0);
        expect(life.idleSince === undefined).toBe(life.state !== 'idle');
        if (life.state === 'idle' || life.state === 'running') {
          readyAt ??= index;
          expect(life.readyAt).toBe(readyAt);
        }
      });
    }),
  );
});
