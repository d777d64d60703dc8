import {
  LIFT_COUPLINGS,
  LIFT_DURATIONS,
  LIFT_LIMITS,
  type LiftCoupling,
  type LiftDuration,
} from '@spillway/protocol/ergonomics';

/** A lift that somebody measured at the workplace, as the worker takes it for the NIOSH equation. */
export interface Lift {
  readonly name?: string;
  readonly H_cm: number;
  readonly V_cm: number;
  readonly D_cm: number;
  readonly A_deg?: number;
  readonly lifts_per_min: number;
  readonly duration: LiftDuration;
  readonly coupling?: LiftCoupling;
  readonly load_kg?: number;
}

export type LiftField = keyof Lift;

/** As somebody typed it. */
export type LiftTexts = Readonly<Record<LiftField, string>>;

export type LiftProblems = Readonly<Partial<Record<LiftField, string>>>;

interface NumberRange {
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  readonly isOptional?: boolean;
}

/**
 * Wide enough for what the equation judges as beyond its own limits, where no load is recommended; what lies outside is most
 * likely a slip, such as millimetres.
 */
export const LIFT_NUMBERS = {
  H_cm: { from: 0, to: 200, unit: 'cm' },
  V_cm: { from: 0, to: 300, unit: 'cm' },
  D_cm: { from: 0, to: 300, unit: 'cm' },
  A_deg: { from: 0, to: 180, unit: '°', isOptional: true },
  lifts_per_min: { from: 0.01, to: 60, unit: 'a minute' },
  load_kg: { from: 0.1, to: 500, unit: 'kg', isOptional: true },
} as const satisfies Partial<Record<LiftField, NumberRange>>;

type NumberField = keyof typeof LIFT_NUMBERS;

const NUMBER_FIELDS = Object.keys(LIFT_NUMBERS) as NumberField[];

/** The lift, or what is wrong with which fields, each as a sentence. Fields that nobody filled in are left out. */
export function readLift(texts: LiftTexts): { readonly lift: Lift } | { readonly problems: LiftProblems } {
  const problems: Partial<Record<LiftField, string>> = {};
  const numbers: Partial<Record<NumberField, number>> = {};
  const name = texts.name.trim();
  if (name.length > LIFT_LIMITS.nameLength)
    problems.name = `Expected at most ${LIFT_LIMITS.nameLength} characters.`;
  for (const field of NUMBER_FIELDS) {
    const text = texts[field].trim();
    const range: NumberRange = LIFT_NUMBERS[field];
    const value = numberOf(text);
    const span = `${range.from} to ${range.to} ${range.unit}`.replace(' °', '°');
    if (text === '') {
      if (!range.isOptional) problems[field] = `Needed: ${span}.`;
    } else if (value === undefined || value < range.from || value > range.to)
      problems[field] = `Expected a number, ${span}.`;
    else numbers[field] = value;
  }
  const duration = LIFT_DURATIONS.find((one) => one === texts.duration);
  if (duration === undefined) problems.duration = 'Needed: choose one.';
  if (Object.keys(problems).length > 0) return { problems };
  const coupling = LIFT_COUPLINGS.find((one) => one === texts.coupling);
  const told = {
    ...(name === '' ? {} : { name }),
    ...numbers,
    ...{ duration },
    ...(coupling === undefined ? {} : { coupling }),
  };
  return { lift: told as Lift };
}

/** With a point or a comma. */
function numberOf(text: string): number | undefined {
  return /^(\d+([.,]\d*)?|[.,]\d+)$/.test(text) ? Number(text.replace(',', '.')) : undefined;
}

/** What stands in the fields of a lift; empty ones for a new one. */
export function textsOf(lift: Partial<Lift> = {}): LiftTexts {
  const text = (field: LiftField) => String(lift[field] ?? '');
  return {
    ...{ name: text('name'), H_cm: text('H_cm'), V_cm: text('V_cm'), D_cm: text('D_cm') },
    ...{ A_deg: text('A_deg'), lifts_per_min: text('lifts_per_min'), duration: text('duration') },
    ...{ coupling: text('coupling'), load_kg: text('load_kg') },
  };
}
