import { z } from 'zod';
import { LOAD_PATTERNS } from './part-bands.ts';

/**
 * A posture of one side of the body, as an ergonomist or a camera sees it. Nothing is required: what is not known counts
 * as the most favourable, and is named as `assumed` or, where it is an angle that the methods rest on, as `missing`.
 */
export const degrees = z
  .number({ error: 'expected degrees' })
  .min(-180, 'expected -180 to 270')
  .max(270, 'expected -180 to 270');
const yesNo = z.boolean({ error: 'expected true or false' });
const oneOf = <T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `expected ${values.map((value) => `"${value}"`).join(', ')}` });

export const COUPLINGS = ['good', 'fair', 'poor', 'unacceptable'] as const;

/** Angles that a camera can measure: flexion positive, degrees; elbow and knee 0 when straight. */
export const measuredFields = {
  upper_arm_deg: degrees.optional(),
  lower_arm_deg: degrees.optional(),
  neck_deg: degrees.optional(),
  trunk_deg: degrees.optional(),
  knee_deg: degrees.optional(),
};

/** What a camera cannot know, or knows poorly. */
export const observedFields = {
  shoulder_raised: yesNo.optional(),
  abducted: yesNo.optional(),
  arm_supported: yesNo.optional(),
  across_midline: yesNo.optional(),
  wrist_deg: degrees.optional(),
  wrist_deviated: yesNo.optional(),
  twist: oneOf(['mid', 'end'] as const).optional(),
  neck_twisted: yesNo.optional(),
  neck_side_bent: yesNo.optional(),
  trunk_twisted: yesNo.optional(),
  trunk_side_bent: yesNo.optional(),
  /** Sitting, the trunk well supported and the hip at 90 degrees or more. */
  trunk_supported: yesNo.optional(),
  /** Legs and feet well supported and weight even; false: unstable, or on one leg. */
  legs_supported: yesNo.optional(),
  sitting: yesNo.optional(),
  /** Held for longer than a minute. */
  static: yesNo.optional(),
  /** Repeated four times a minute or more. */
  repeated: yesNo.optional(),
  /** Rapid large changes of posture, or an unstable base. */
  rapid: yesNo.optional(),
  load_kg: z.number({ error: 'expected kilograms' }).min(0, 'expected kilograms of at least 0').optional(),
  load_pattern: oneOf(LOAD_PATTERNS).optional(),
  coupling: oneOf(COUPLINGS).optional(),
};

export const observedSchema = z.strictObject(observedFields);
export const postureSchema = z.strictObject({ ...measuredFields, ...observedFields });

/** The same with nothing left to default: a field that is not known is undefined. */
export type Posture = z.infer<typeof postureSchema>;
export type Observed = z.infer<typeof observedSchema>;

/** Components of one method, and what of them was not known. */
export interface Coded<Components> {
  readonly components: Components;
  /** Components and circumstances that count as the most favourable because nothing is known of them. */
  readonly assumed: readonly string[];
  /** Parts of the body that the method rests on and that could not be seen; they count as 1. */
  readonly missing: readonly string[];
}
