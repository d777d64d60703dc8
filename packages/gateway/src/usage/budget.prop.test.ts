import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Budget,
  type BudgetState,
  decideAdmission,
  describeBlock,
  reachedThresholds,
} from './budget.ts';

const ENDS_AT = Date.UTC(2026, 11, 1);

function state(changes: Partial<BudgetState> & { budget?: Budget }): BudgetState {
  const budget = {
    name: 'gpu',
    per: 'month',
    limitMicros: 10_000_000,
    alertAt: [50, 80, 100],
    isHardStop: true,
  } as const;
  return { budget, spentMicros: 0, reservedMicros: 0, possibleMicros: 0, endsAt: ENDS_AT, ...changes };
}

describe('an attempt that costs', () => {
  test('is admitted only where its expected cost is left, of every budget that stops', () => {
    const amount = fc.integer({ min: 0, max: 1_000 });
    const states = fc.array(
      fc.record({
        limit: fc.integer({ min: 1, max: 1_000 }),
        spent: amount,
        reserved: amount,
        possible: amount,
        stops: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(states, amount, (all, micros) => {
        const given = all.map(({ limit, spent, reserved, possible, stops }) => {
          const budget = { ...state({}).budget, limitMicros: limit, isHardStop: stops };
          return state({ budget, spentMicros: spent, reservedMicros: reserved, possibleMicros: possible });
        });
        const decision = decideAdmission(given, { micros, besideMicros: 0, isMeasured: true });
        const fits = all.every(
          ({ limit, spent, reserved, possible, stops }) =>
            !stops || limit - spent - reserved - possible >= Math.max(1, micros),
        );
        expect(decision.type).toBe(fits ? 'admitted' : 'blocked');
        if (decision.type === 'admitted') expect(decision.reserve.micros).toBe(micros);
      }),
    );
  });

  test('goes out alone, with all that is left set aside, while nothing was measured', () => {
    const expected = { micros: 50_000_000, besideMicros: 100, isMeasured: false };
    expect(decideAdmission([state({ spentMicros: 4_000_000 })], expected)).toEqual({
      ...{ type: 'admitted', reserve: { micros: 6_000_000, besideMicros: 0 } },
    });
    const second = state({ spentMicros: 4_000_000, reservedMicros: 6_000_000 });
    expect(decideAdmission([second], expected).type).toBe('blocked');
  });
});

test('thresholds are reached from their per cent on', () => {
  const at = (spentMicros: number) => reachedThresholds(state({ spentMicros }));
  expect([4_999_999, 5_000_000, 9_000_000, 10_000_000].map(at)).toEqual([[], [50], [50, 80], [50, 80, 100]]);
});

test('a block says what is used up, until when, and what raises it', () => {
  expect(describeBlock(state({ spentMicros: 10_000_000 }))).toBe(
    'the budget gpu ($10.00 a month) is used up: $10.00 spent; it begins anew at 2026-12-01 00:00 UTC, and budgets.gpu.limit in spillway.yaml raises it',
  );
  const expected = { micros: 2_900_000, besideMicros: 100_000, isMeasured: true };
  const little = state({ spentMicros: 7_000_000, reservedMicros: 1_000_000 });
  expect(describeBlock(little, expected)).toContain(
    'has too little left: $7.00 spent and $1.00 set aside, and a job costs about $3.00 with its share of start-up and idle time',
  );
  expect(describeBlock(state({ spentMicros: 9_000_000, possibleMicros: 2_000_000 }))).toContain(
    'is used up: $9.00 spent, and $2.00 more that submits whose answer was lost may have cost; it begins anew',
  );
});
