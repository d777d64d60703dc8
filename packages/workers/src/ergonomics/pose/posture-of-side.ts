import type { Observed, Posture } from '../scoring/posture.ts';
import type { BodyAngles, Side } from './body-angles.ts';
import type { Measured } from './measure.ts';
import type { PoseSettings } from './pose-settings.ts';

/**
 * The posture of one side: angles in whole degrees, since finer ones would jump over the edges of bands by noise alone.
 * What somebody observed counts before what was measured.
 */
export function postureOfSide(
  angles: BodyAngles,
  side: Side,
  observed: Observed,
  settings: PoseSettings,
): Posture {
  const own = angles[side];
  const knees = [angles.left.knee_flexion, angles.right.knee_flexion].flatMap((knee) => whole(knee) ?? []);
  const measured: Posture = {
    upper_arm_deg: whole(own.upper_arm_flexion),
    lower_arm_deg: whole(own.lower_arm_flexion),
    neck_deg: whole(angles.neck_flexion),
    trunk_deg: whole(angles.trunk_flexion),
    // Both legs carry the body, and the more bent one decides.
    knee_deg: knees.length === 0 ? undefined : Math.max(...knees),
    wrist_deg: whole(own.wrist_flexion),
    abducted: reaches(own.upper_arm_abduction, settings.abducted_from_deg),
    neck_side_bent: reaches(angles.neck_side_bend, settings.side_bent_from_deg),
    trunk_side_bent: reaches(angles.trunk_side_bend, settings.side_bent_from_deg),
    trunk_twisted: reaches(angles.trunk_twist, settings.twisted_from_deg),
  };
  const told = Object.fromEntries(Object.entries(observed).filter(([, value]) => value !== undefined));
  return { ...measured, ...told };
}

const whole = (angle: Measured | undefined) => (angle ? Math.round(angle.degrees) : undefined);
const reaches = (angle: Measured | undefined, from: number) =>
  angle ? Math.round(angle.degrees) > from : undefined;
