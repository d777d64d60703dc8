import { z } from 'zod';
import { poseSettingsFields } from './pose/pose-settings.ts';
import { scoringSettingsSchema } from './scoring/scoring-settings.ts';

/** The settings of scores from keypoints: where tools disagree, and how angles are read. */
export const keypointSettingsSchema = z.strictObject({
  ...scoringSettingsSchema.shape,
  ...poseSettingsFields,
});
export type KeypointSettings = z.infer<typeof keypointSettingsSchema>;
