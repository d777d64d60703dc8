import { z } from 'zod';
import { expectFields } from '../../problems.ts';

/**
 * What RULA and REBA are computed from: a score for each part of the body, of one side, and what is added for muscle
 * use, force, load, grip and activity. What is added may be left out; it then counts as 0, and is `assumed`.
 */
const score = (from: number, to: number) => {
  const error = `expected a whole number from ${from} to ${to}`;
  return z.int({ error }).min(from, error).max(to, error);
};

const rulaParts = {
  upper_arm: score(1, 6),
  lower_arm: score(1, 3),
  wrist: score(1, 4),
  wrist_twist: score(1, 2),
  neck: score(1, 6),
  trunk: score(1, 6),
  legs: score(1, 2),
};
const rulaAdditions = {
  muscle_a: score(0, 1).default(0),
  muscle_b: score(0, 1).default(0),
  force_a: score(0, 3).default(0),
  force_b: score(0, 3).default(0),
};
/** People who add 1 for a twist and 1 for a side bend code one more than REBA's table has; that counts as its last. */
const upTo = (most: number) => score(1, most + 1).transform((value) => Math.min(value, most));
const rebaParts = {
  neck: upTo(3),
  trunk: upTo(5),
  legs: score(1, 4),
  upper_arm: score(1, 6),
  lower_arm: score(1, 2),
  wrist: score(1, 3),
};
const rebaAdditions = {
  load: score(0, 3).default(0),
  coupling: score(0, 3).default(0),
  activity: score(0, 3).default(0),
};

export const rulaComponentsSchema = z.strictObject(
  { ...rulaParts, ...rulaAdditions },
  expectFields(rulaParts),
);
export const rebaComponentsSchema = z.strictObject(
  { ...rebaParts, ...rebaAdditions },
  expectFields(rebaParts),
);
export type RulaComponents = z.infer<typeof rulaComponentsSchema>;
export type RebaComponents = z.infer<typeof rebaComponentsSchema>;

export const RULA_ADDITIONS: readonly string[] = Object.keys(rulaAdditions);
export const REBA_ADDITIONS: readonly string[] = Object.keys(rebaAdditions);
