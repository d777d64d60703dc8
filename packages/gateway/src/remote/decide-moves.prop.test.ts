import fc from 'fast-check';
import { expect, test } from 'vitest';
import { choosePlace, decideMoves, fullPlaces, type MoveInput } from './decide-moves.ts';
import type { LocalView } from './decide-route.ts';

const NOW = 1_000_000;
const RUNS = { numRuns: 2_000 };
const local: fc.Arbitrary<LocalView> = fc.oneof(
  fc.constant({ type: 'none' as const }),
  fc.record({ type: fc.constant('able' as const), freeHands: fc.nat({ max: 4 }) }),
  fc.constant({ type: 'unable' as const, why: 'workers crash' }),
);
const place = fc.record({
  room: fc.nat({ max: 5 }),
  problem: fc.option(fc.constant('it answered 500'), { nil: undefined, freq: 1 }),
  waitMs: fc.oneof(fc.constant(0), fc.constant(10_000), fc.nat({ max: 60_000 })),
  // Often absent: where all queues stand still nothing moves.
  passedOverAt: fc.option(fc.integer({ min: NOW - 90_000, max: NOW }), { nil: undefined, freq: 1 }),
});
const inputs: fc.Arbitrary<MoveInput> = fc
  .record({
    local,
    waitingHere: fc.nat({ max: 3 }),
    places: fc.array(place, { minLength: 1, maxLength: 4 }),
    jobs: fc.array(
      fc.record({
        at: fc.nat({ max: 3 }),
        waited: fc.oneof(
          fc.nat({ max: 2_000 }),
          fc.integer({ min: 9_900, max: 10_100 }),
          fc.nat({ max: 120_000 }),
        ),
        priority: fc.integer({ min: -1, max: 1 }),
        mayGoOn: fc.boolean(),
      }),
      { maxLength: 6 },
    ),
    underWay: fc.array(fc.oneof(fc.constant('here' as const), fc.nat({ max: 3 })), { maxLength: 3 }),
  })
  .map(({ places, jobs, underWay, ...rest }) => ({
    ...rest,
    now: NOW,
    places: places.map((one, at) => ({ ...one, name: `backend-${at}` })),
    underWay: underWay.map((to) => (to === 'here' ? to : to % places.length)),
    waiting: jobs.map(({ at, waited, ...job }, number) => ({
      ...{ ...job, workerId: `w${number}`, at: at % places.length, since: NOW - waited },
    })),
  }));

const placeOf = (input: MoveInput, workerId: string) => {
  const one = input.waiting.find((waiting) => waiting.workerId === workerId);
  const there = input.places[one?.at ?? -1];
  if (!one || !there) throw new Error(`${workerId} waits nowhere`);
  return { one, there, allowedMs: Math.max(there.waitMs, 1_000) };
};

test('none is moved twice, and no more than there are hands here and room at each backend', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { moves } = decideMoves(input);
      expect(new Set(moves.map(({ workerId }) => workerId)).size).toBe(moves.length);
      for (const [at, { room }] of input.places.entries()) {
        const coming = [...input.underWay, ...moves.map(({ to }) => to)].filter((to) => to === at).length;
        const before = input.underWay.filter((to) => to === at).length;
        expect(coming).toBeLessThanOrEqual(Math.max(room, before));
      }
      const home = moves.filter(
        ({ to, workerId }) => to === 'here' && !placeOf(input, workerId).there.problem,
      );
      const hands = input.local.type === 'able' ? input.local.freeHands : 0;
      const taken = input.waitingHere + input.underWay.filter((to) => to === 'here').length;
      expect(home.length).toBeLessThanOrEqual(Math.max(0, hands - taken));
    }),
    RUNS,
  );
});

test('a well backend keeps a job for its time, unless hands are free here, and then it only goes further on', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      for (const { workerId, to, reason } of decideMoves(input).moves) {
        const { one, there, allowedMs } = placeOf(input, workerId);
        expect(reason).toContain(there.name);
        if (to === 'here') continue;
        expect(one.mayGoOn).toBe(true);
        expect(input.places[to]?.problem).toBeUndefined();
        if (there.problem !== undefined) expect(to).not.toBe(one.at);
        else {
          expect(NOW - one.since).toBeGreaterThanOrEqual(allowedMs);
          // So none can go in circles.
          expect(to).toBeGreaterThan(one.at);
        }
      }
    }),
    RUNS,
  );
});

test('none that is overdue stays while a backend further on would take it, and it is looked at again in time', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { moves, lookAgainAt } = decideMoves(input);
      const isFull = fullPlaces(input);
      const left = input.places.map(({ room, problem }, at) => {
        const gone = [...input.underWay, ...moves.map(({ to }) => to)].filter((to) => to === at).length;
        return problem === undefined ? room - gone : 0;
      });
      for (const { workerId, mayGoOn } of input.waiting) {
        if (moves.some((move) => move.workerId === workerId)) continue;
        const { one, there, allowedMs } = placeOf(input, workerId);
        const isOverdue = NOW - one.since >= allowedMs && there.problem === undefined;
        const canGoOn = left.some((room, at) => at > one.at && room > 0 && !isFull[at]);
        expect(isOverdue && mayGoOn && canGoOn).toBe(false);
        if (one.at === input.places.length - 1) continue;
        expect(lookAgainAt).toBeGreaterThan(NOW);
        expect(lookAgainAt).toBeLessThanOrEqual(Math.max(NOW + 500, one.since + allowedMs));
      }
    }),
    RUNS,
  );
});

test('of those that wait the more urgent leave first, and of equals the ones that wait longer', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { moves } = decideMoves(input);
      const rank = (workerId: string) => {
        const { one } = placeOf(input, workerId);
        return [-one.priority, one.since] as const;
      };
      const home = moves.filter(
        ({ to, workerId }) => to === 'here' && !placeOf(input, workerId).there.problem,
      );
      const stay = input.waiting.filter(({ workerId }) => !moves.some((move) => move.workerId === workerId));
      for (const { workerId } of home)
        for (const other of stay) {
          const [first, second] = [rank(workerId), rank(other.workerId)];
          expect(first[0] < second[0] || (first[0] === second[0] && first[1] <= second[1])).toBe(true);
        }
    }),
    RUNS,
  );
});

test('a job goes to the first backend with room, past those whose queues stand still if there is another', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), fc.boolean()), { maxLength: 5 }), (places) => {
      const rooms = places.map(([room]) => ({ room }));
      const isFull = places.map(([, full]) => full);
      const moving = places.findIndex(([room, full]) => room > 0 && !full);
      const any = places.findIndex(([room]) => room > 0);
      const expected = moving >= 0 ? moving : any;
      expect(choosePlace(rooms, isFull) ?? -1).toBe(expected);
    }),
    RUNS,
  );
});

const WELL = { room: 5, problem: undefined, waitMs: 10_000, passedOverAt: undefined };
const scene = (changes: Partial<MoveInput>): MoveInput => ({
  ...{ local: { type: 'able', freeHands: 0 }, waitingHere: 0, underWay: [], now: NOW },
  places: [
    { ...WELL, name: 'first' },
    { ...WELL, name: 'second' },
  ],
  waiting: [{ workerId: 'w', at: 0, since: NOW - 10_200, priority: 0, mayGoOn: true }],
  ...changes,
});

test.each([
  [
    'a worker here is free',
    { local: { type: 'able', freeHands: 1 } },
    'here',
    /first when a worker here was free/,
  ],
  ['it has waited too long there', {}, 1, /had waited 10\.2 s in the queue of first, 10 s are allowed/],
  [
    'the backend is not well',
    { places: [{ ...WELL, name: 'first', problem: 'it answered 500' }] },
    'here',
    /waited at first, where it answered 500/,
  ],
] as const)('an attempt that only waits there leaves when %s', (_, changes, to, reason) => {
  expect(decideMoves(scene(changes as Partial<MoveInput>)).moves).toMatchObject([
    { workerId: 'w', to, reason: expect.stringMatching(reason) },
  ]);
});

test.each([
  [
    'others wait here for the free hands, and its time is not over',
    { local: { type: 'able' as const, freeHands: 1 }, waitingHere: 1, now: NOW - 9_000 },
  ],
  [
    'the next one is full',
    {
      places: [
        { ...WELL, name: 'first' },
        { ...WELL, name: 'second', room: 0 },
      ],
    },
  ],
  [
    'jobs wait too long at the next one, too',
    {
      waiting: [
        { workerId: 'w', at: 0, since: NOW - 10_200, priority: 0, mayGoOn: true },
        { workerId: 'v', at: 1, since: NOW - 11_000, priority: 0, mayGoOn: true },
      ],
    },
  ],
  ['it is the last one', { places: [{ ...WELL, name: 'first' }] }],
  [
    'it has no home',
    { local: { type: 'none' as const }, places: [{ ...WELL, name: 'first', problem: 'it answered 500' }] },
  ],
])('it stays there while %s', (_, changes) => {
  expect(decideMoves(scene({ ...{ local: { type: 'able', freeHands: 0 } }, ...changes })).moves).toEqual([]);
});
