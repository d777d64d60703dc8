import { z } from 'zod';

/** From when on a posture counts as static, repeated or rapid, where the sheets and tools differ. */
const positive = (unit: string, most: number, value: number) =>
  z
    .number({ error: `expected ${unit}` })
    .positive(`expected ${unit} above 0`)
    .max(most, `expected at most ${most} ${unit}`)
    .default(value);

export const activitySettingsFields = {
  /** Seconds that a posture is held: 60 in the papers, 600 on later worksheets. */
  static_seconds: positive('seconds', 3_600, 60),
  /** Degrees to either side by which a posture may move and still be held. */
  static_tolerance_deg: positive('degrees', 45, 5),
  /** There and back again, as often as this in a minute. */
  repeats_per_minute: z
    .int({ error: 'expected a whole number' })
    .min(1, 'expected 1 to 60')
    .max(60, 'expected 1 to 60')
    .default(4),
  /** Smaller changes of an angle are no movements. */
  movement_deg: positive('degrees', 180, 15),
  rapid_deg: positive('degrees', 180, 60),
  rapid_seconds: positive('seconds', 10, 0.5),
  /** How long a rapid change counts. */
  rapid_hold_seconds: positive('seconds', 60, 2),
  /** Longest time between samples that belong together; by default as samples lie, at least 2. */
  max_gap_seconds: z
    .number({ error: 'expected seconds' })
    .positive('expected seconds above 0')
    .max(600, 'expected at most 600 seconds')
    .optional(),
};

export const activitySettingsSchema = z.strictObject(activitySettingsFields);
export type ActivitySettings = z.infer<typeof activitySettingsSchema>;
