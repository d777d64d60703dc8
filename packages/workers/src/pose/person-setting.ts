import { z } from 'zod';
import type { PersonChoice } from './choose-person.ts';

/** The setting `person` as users write it: `largest`, `longest`, a number, or `{"at": [x, y], "t": seconds}`. */
const pixel = z.number({ error: 'expected pixels of the video' }).min(0, 'expected pixels from 0');

export const personSettingSchema = z.union(
  [
    z.enum(['largest', 'longest']),
    z
      .number()
      .int()
      .min(1)
      .transform((track) => ({ track })),
    z.strictObject({
      at: z.tuple([pixel, pixel], { error: 'expected [x, y] in pixels of the video' }),
      t: z.number({ error: 'expected seconds from 0' }).min(0, 'expected seconds from 0'),
    }),
  ],
  {
    error: 'expected "largest", "longest", the number of a person, or {"at": [x, y], "t": seconds}',
  },
) satisfies z.ZodType<PersonChoice>;
