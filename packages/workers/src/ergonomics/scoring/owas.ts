import { z } from 'zod';
import { expectFields } from '../../problems.ts';
import { tableCell } from './table-cell.ts';
import { OWAS_TABLE } from './tables/owas.ts';

/** What each digit of an OWAS code means, by the digit. */
const OWAS_CODES = {
  back: ['straight', 'bent', 'twisted or bent to the side', 'bent and twisted'],
  arms: ['both below shoulder level', 'one at or above shoulder level', 'both at or above shoulder level'],
  legs: [
    'sitting',
    'standing, both legs straight',
    'standing, weight on one straight leg',
    'standing or squatting, both knees bent',
    'standing or squatting, one knee bent',
    'kneeling on one or both knees',
    'walking',
  ],
  load: ['below 10 kg', '10 to 20 kg', 'above 20 kg'],
} as const;

const digit = (meanings: readonly string[]) => {
  const error = `expected ${meanings.map((meaning, at) => `${at + 1} (${meaning})`).join(', ')}`;
  return z.int({ error }).min(1, error).max(meanings.length, error);
};

const digits = {
  back: digit(OWAS_CODES.back),
  arms: digit(OWAS_CODES.arms),
  legs: digit(OWAS_CODES.legs),
  load: digit(OWAS_CODES.load),
};
export const owasCodesSchema = z.strictObject(digits, expectFields(digits));
export type OwasCodes = z.infer<typeof owasCodesSchema>;

/** 1 normal, 2 action in the near future, 3 as soon as possible, 4 immediately. */
export function scoreOwas({ back, arms, legs, load }: OwasCodes): number {
  return tableCell(OWAS_TABLE, back, arms, legs, load);
}
