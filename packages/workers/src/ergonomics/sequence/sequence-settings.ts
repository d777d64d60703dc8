import { z } from 'zod';
import { activitySettingsFields } from '../activity/activity-settings.ts';
import { keypointSettingsSchema } from '../settings.ts';

/** The settings of a whole sequence: those of single poses and of activity, and how keypoints are smoothed. */
const tolerance = z
  .number({ error: 'expected degrees' })
  .min(0, 'expected 0 to 15 degrees')
  .max(15, 'expected 0 to 15 degrees');

export const sequenceSettingsSchema = z.strictObject({
  ...keypointSettingsSchema.shape,
  ...activitySettingsFields,
  // Keypoints jitter by a few degrees, which the strict readings of single postures would take for bends.
  upright_tolerance_deg: tolerance.default(5),
  neck_extension_tolerance_deg: tolerance.default(5),
  smoothing: z
    .enum(['butterworth', 'one_euro', 'none'], { error: 'expected "butterworth", "one_euro" or "none"' })
    .default('butterworth'),
  smoothing_cutoff_hz: z
    .number({ error: 'expected Hz' })
    .positive('expected Hz above 0')
    .max(100, 'expected at most 100 Hz')
    .default(6),
  /** Of One Euro: how much speed raises the cutoff. */
  smoothing_beta: z
    .number({ error: 'expected a number of at least 0' })
    .min(0, 'expected at least 0')
    .default(1.5),
  /**
   * Longest gap of a keypoint that is bridged by a straight line. In a fifth of a second an arm that swings leaves it by
   * 3 degrees or so; in half a second by 25.
   */
  bridge_seconds: z
    .number({ error: 'expected seconds' })
    .min(0, 'expected 0 to 5 seconds')
    .max(5, 'expected 0 to 5 seconds')
    .default(0.2),
});
export type SequenceSettings = z.infer<typeof sequenceSettingsSchema>;
