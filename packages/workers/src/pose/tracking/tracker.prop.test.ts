import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Find, NO_TRACKS, type TrackedSample, type TrackerState, trackSample } from './tracker.ts';

const find = fc
  .record({
    x: fc.integer({ min: 0, max: 900 }),
    y: fc.integer({ min: 0, max: 400 }),
    width: fc.integer({ min: 20, max: 150 }),
    height: fc.integer({ min: 40, max: 350 }),
    score: fc.integer({ min: 10, max: 99 }).map((score) => score / 100),
  })
  .map(
    ({ x, y, width, height, score }): Find => ({
      box: { x_min: x, y_min: y, x_max: x + width, y_max: y + height },
      score,
    }),
  );

const video = fc.array(
  fc.record({ wait: fc.integer({ min: 1, max: 3000 }), finds: fc.array(find, { maxLength: 5 }) }),
  { maxLength: 15 },
);

function run(
  samples: readonly { wait: number; finds: readonly Find[] }[],
  through = (state: TrackerState) => state,
) {
  let state = NO_TRACKS;
  let time = 0;
  return samples.map(({ wait, finds }) => {
    time += wait;
    const result = trackSample(through(state), time, finds);
    state = result.state;
    return result;
  });
}

const idsOf = (results: readonly TrackedSample[]) => results.map(({ followed }) => followed);

test('nobody is reported who was not found, and no find is two people', () => {
  fc.assert(
    fc.property(video, (samples) => {
      for (const [at, { followed, started }] of run(samples).entries()) {
        const { finds = [] } = samples[at] ?? {};
        expect(new Set(followed.map(({ find }) => find)).size).toBe(followed.length);
        expect(new Set(followed.map(({ id }) => id)).size).toBe(followed.length);
        for (const { id, find } of followed) {
          expect(find).toBeLessThan(finds.length);
          if (started.includes(id)) expect(finds[find]?.score).toBeGreaterThanOrEqual(0.5);
        }
      }
    }),
  );
});

test('a number starts once, before it is reported, ends once at most, and is never seen after that', () => {
  fc.assert(
    fc.property(video, (samples) => {
      const started = new Set<number>();
      const ended = new Set<number>();
      for (const result of run(samples)) {
        for (const id of result.started) {
          expect(started.has(id)).toBe(false);
          started.add(id);
        }
        for (const { id } of result.followed) expect([started.has(id), ended.has(id)]).toEqual([true, false]);
        for (const { id, firstMs, lastMs } of result.ended) {
          expect([started.has(id), ended.has(id)]).toEqual([true, false]);
          expect(firstMs).toBeLessThanOrEqual(lastMs);
          ended.add(id);
        }
      }
      expect([...started]).toEqual([...started].map((_, at) => at + 1));
    }),
  );
});

test('a tracker that was kept as JSON goes on as if it had not been', () => {
  fc.assert(
    fc.property(video, (samples) => {
      const kept = run(samples, (state) => JSON.parse(JSON.stringify(state)) as TrackerState);
      expect(idsOf(kept)).toEqual(idsOf(run(samples)));
    }),
  );
});

test('who is who does not depend on when the video begins', () => {
  fc.assert(
    fc.property(video, fc.integer({ min: 1, max: 10_000 }), (samples, later) => {
      const moved = samples.map(({ wait, finds }, at) => ({ wait: at === 0 ? wait + later : wait, finds }));
      expect(idsOf(run(moved))).toEqual(idsOf(run(samples)));
    }),
  );
});
