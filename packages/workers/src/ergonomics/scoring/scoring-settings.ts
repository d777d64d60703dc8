import { z } from 'zod';

/**
 * The points where published sheets and tools disagree, each a setting whose default follows the original paper. What
 * was used is part of every report.
 */
const tolerance = z
  .number({ error: 'expected degrees' })
  .min(0, 'expected 0 to 15 degrees')
  .max(15, 'expected 0 to 15 degrees');

export const scoringSettingsSchema = z.strictObject({
  /** Degrees of trunk flexion or extension that count as upright. The papers have none; tools take 0, 1 or 5. */
  upright_tolerance_deg: tolerance.default(0),
  /** Degrees of neck extension that don't yet count as extension. */
  neck_extension_tolerance_deg: tolerance.default(0),
  /** Degrees of wrist flexion or extension that count as neutral in RULA. */
  wrist_neutral_tolerance_deg: tolerance.default(0),
  /** How far RULA's lowest band of the upper arm reaches: 20, or 15 as on an old worksheet. */
  rula_upper_arm_neutral_deg: z.literal([20, 15], { error: 'expected 20 or 15' }).default(20),
  /** Twist and side bend together add 1 each (the paper), or 1 in all. */
  rula_twist_and_side_bend: z.enum(['each', 'once'], { error: 'expected "each" or "once"' }).default('each'),
  /** A load above 10 kg that is neither static nor repeated: 2 (the paper), or 3 as on worksheets. */
  rula_force: z
    .enum(['original', 'worksheet'], { error: 'expected "original" or "worksheet"' })
    .default('original'),
  /** Twist and side flexion together add 1 in all (the paper), or 1 each. */
  reba_twist_and_side_flexion: z
    .enum(['once', 'each'], { error: 'expected "once" or "each"' })
    .default('once'),
  /** What a load of exactly 10 kg scores. */
  reba_load_at_10_kg: z.literal([1, 2], { error: 'expected 1 or 2' }).default(1),
  /** What a knee of exactly 30 degrees adds. */
  reba_knee_at_30_deg: z.literal([0, 1], { error: 'expected 0 or 1' }).default(0),
  /** Frequencies between two rows of NIOSH's table: in between, or as the row below. */
  niosh_frequency: z
    .enum(['interpolate', 'row_below'], { error: 'expected "interpolate" or "row_below"' })
    .default('interpolate'),
});

export type ScoringSettings = z.infer<typeof scoringSettingsSchema>;

export const DEFAULT_SCORING: ScoringSettings = scoringSettingsSchema.parse({});
