import { dollarsText } from './money.ts';
import type { Period } from './periods.ts';

/** How much may be spent, on what, in which time. */
export interface Budget {
  readonly name: string;
  /** Absent: on all of them. */
  readonly endpoint?: string;
  /** Of jobs that were submitted with this key; their part of the work, without start-up and idle time. */
  readonly keyId?: string;
  readonly per: Period;
  /** Millionths of a dollar. */
  readonly limitMicros: number;
  /** Per cent of the limit at which somebody is told. */
  readonly alertAt: readonly number[];
  /** Nothing more is spent once it is used up. */
  readonly isHardStop: boolean;
  /** Is sent what is told. */
  readonly webhook?: string;
  /** The `maxCostPerDay` of an endpoint's spill rule: counts what goes to RunPod alone. */
  readonly isOfSpill?: true;
}

export interface BudgetState {
  readonly budget: Budget;
  readonly spentMicros: number;
  /** Expected of what was handed out and has not ended. */
  readonly reservedMicros: number;
  /** What submits whose answer was lost may have cost, at most, while nobody knows. */
  readonly possibleMicros: number;
  /** When it begins anew. */
  readonly endsAt: number;
}

/** What an attempt is expected to cost; `isMeasured`: by those before it, not by the longest time that it may take. */
export interface ExpectedCost {
  readonly micros: number;
  /** Of its share of its worker's start-up and idle time, which no key pays for. */
  readonly besideMicros: number;
  readonly isMeasured: boolean;
}

export type Admission =
  | { readonly type: 'admitted'; readonly reserve: Reserve }
  | { readonly type: 'blocked'; readonly by: BudgetState };

/** What is set aside for an attempt: for its work, and for what its worker costs beside that. */
export interface Reserve {
  readonly micros: number;
  readonly besideMicros: number;
}

/** What of it a budget counts. */
export function reserveOf({ keyId }: Budget, { micros, besideMicros }: Reserve): number {
  return keyId === undefined ? micros + besideMicros : micros;
}

/**
 * Whether an attempt may be handed to somebody who is paid for it. What is not measured yet may go while anything is
 * left, one at a time: it reserves all of that.
 */
export function decideAdmission(states: readonly BudgetState[], expected: ExpectedCost): Admission {
  let { micros, besideMicros } = expected;
  for (const state of states) {
    if (!state.budget.isHardStop) continue;
    const left = leftOf(state);
    const isTooMuch = expected.isMeasured && reserveOf(state.budget, expected) > left;
    if (left <= 0 || isTooMuch) return { type: 'blocked', by: state };
    micros = Math.min(micros, left);
    if (state.budget.keyId === undefined) besideMicros = Math.min(besideMicros, left - micros);
  }
  return { type: 'admitted', reserve: { micros, besideMicros } };
}

export function leftOf({ budget, spentMicros, reservedMicros, possibleMicros }: BudgetState): number {
  return budget.limitMicros - spentMicros - reservedMicros - possibleMicros;
}

/** Thresholds that are reached, in per cent. */
export function reachedThresholds({
  budget,
  spentMicros,
}: Pick<BudgetState, 'budget' | 'spentMicros'>): number[] {
  return budget.alertAt.filter((percent) => spentMicros * 100 >= budget.limitMicros * percent);
}

/** Why a job waits for money, as a clause that says what ends that. */
export function describeBlock(state: BudgetState, expected?: ExpectedCost): string {
  const { budget, spentMicros, reservedMicros, possibleMicros, endsAt } = state;
  const { per, limitMicros } = budget;
  const what = budget.isOfSpill
    ? `what ${budget.endpoint} may spend at RunPod (${dollarsText(limitMicros)} a day)`
    : `the budget ${budget.name} (${dollarsText(limitMicros)} a ${per})`;
  const reserved = reservedMicros > 0 ? ` and ${dollarsText(reservedMicros)} set aside` : '';
  const possible =
    possibleMicros > 0
      ? `, and ${dollarsText(possibleMicros)} more that submits whose answer was lost may have cost`
      : '';
  const isTooLittle = expected?.isMeasured === true && leftOf(state) > 0;
  const verdict = isTooLittle ? 'has too little left' : 'is used up';
  const beside = budget.keyId === undefined && (expected?.besideMicros ?? 0) > 0;
  const need = isTooLittle
    ? `, and a job costs about ${dollarsText(reserveOf(budget, expected))}${beside ? ' with its share of start-up and idle time' : ''}`
    : '';
  const key = budget.isOfSpill
    ? `endpoints.${budget.endpoint}.spill.maxCostPerDay`
    : `budgets.${budget.name}.limit`;
  const until = new Date(endsAt).toISOString().slice(0, 16).replace('T', ' ');
  return `${what} ${verdict}: ${dollarsText(spentMicros)} spent${reserved}${possible}${need}; it begins anew at ${until} UTC, and ${key} in spillway.yaml raises it`;
}
