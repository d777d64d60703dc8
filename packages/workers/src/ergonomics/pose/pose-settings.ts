import { z } from 'zod';
import { UPWARD } from './angles-3d.ts';

/** How angles are read from keypoints, and from when on they count as a twist, a bend to the side or an arm held away. */
const degrees = (value: number) =>
  z
    .number({ error: 'expected degrees' })
    .min(0, 'expected 0 to 90 degrees')
    .max(90, 'expected 0 to 90 degrees')
    .default(value);

export const poseSettingsFields = {
  /** Keypoints below it count as not seen. */
  min_confidence: z
    .number({ error: 'expected a number from 0 to 1' })
    .min(0, 'expected a number from 0 to 1')
    .max(1, 'expected a number from 0 to 1')
    .default(0.3),
  /** From where the camera looks; `auto` tells by how far the shoulders lie apart. */
  view: z.enum(['auto', 'side', 'front'], { error: 'expected "auto", "side" or "front"' }).default('auto'),
  /** Which axis of 3D points goes up; cameras have y downward. */
  up: z.enum(UPWARD, { error: `expected ${UPWARD.join(', ')}` }).default('-y'),
  /** Subtracted from the neck: people who stand upright read 5 to 15 degrees forward at the ears. */
  neck_offset_deg: z
    .number({ error: 'expected degrees' })
    .min(-45, 'expected -45 to 45 degrees')
    .max(45, 'expected -45 to 45 degrees')
    .default(0),
  abducted_from_deg: degrees(20),
  twisted_from_deg: degrees(10),
  side_bent_from_deg: degrees(10),
};

const poseSettingsSchema = z.strictObject(poseSettingsFields);
export type PoseSettings = z.infer<typeof poseSettingsSchema>;
