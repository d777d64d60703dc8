import { LIFT_LIMITS } from '@spillway/protocol/ergonomics';
import { z } from 'zod';
import { type NioshScore, nioshInputSchema, scoreNiosh } from './niosh.ts';
import type { ScoringSettings } from './scoring-settings.ts';

/**
 * Lifts that an observer measured at the workplace, beside what a camera saw there: each is judged by the NIOSH equation.
 * No figure of it comes from a picture. A lift whose load is set down with care is two of them, one at its origin and one at
 * its destination.
 */
export interface Lift {
  readonly name?: string;
  /** As it was sent, so that what counts as a default can be told. */
  readonly [field: string]: unknown;
}

export interface ScoredLift extends NioshScore {
  readonly name: string | null;
  /** What was measured, defaults among it. */
  readonly input: z.infer<typeof nioshInputSchema>;
  /** Fields of the input that nobody told: `A_deg`, `coupling`. */
  readonly assumed: readonly string[];
}

const NAME = { error: 'expected text' };
const nameSchema = z
  .string(NAME)
  .max(LIFT_LIMITS.nameLength, `expected at most ${LIFT_LIMITS.nameLength} characters`)
  .optional();

const liftSchema = z.unknown().transform((value, context): Lift => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) {
    context.addIssue({ code: 'custom', message: 'expected an object with H_cm, V_cm, D_cm and so on' });
    return z.NEVER;
  }
  const { name, ...input } = value as Lift;
  const told = nameSchema.safeParse(name);
  const measured = nioshInputSchema.safeParse(input);
  for (const { message } of told.error?.issues ?? [])
    context.addIssue({ code: 'custom', message, path: ['name'] });
  for (const { message, path } of measured.error?.issues ?? [])
    context.addIssue({ code: 'custom', message, path });
  return value as Lift;
});

export const liftsSchema = z
  .array(liftSchema, { error: 'expected a list of lifts' })
  .max(LIFT_LIMITS.lifts, `expected at most ${LIFT_LIMITS.lifts} lifts`);

export const scoreLifts = (
  lifts: readonly Lift[],
  settings: Pick<ScoringSettings, 'niosh_frequency'>,
): ScoredLift[] =>
  lifts.map(({ name = null, ...sent }) => {
    const input = nioshInputSchema.parse(sent);
    const assumed = ['A_deg', 'coupling'].filter((field) => sent[field] === undefined);
    return { name: name as string | null, input, ...scoreNiosh(input, settings), assumed };
  });
