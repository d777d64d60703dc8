import type { BodyAngles } from '../pose/body-angles.ts';
import type { Measured } from '../pose/measure.ts';
import type { PoseSettings } from '../pose/pose-settings.ts';
import { type OwasCodes, scoreOwas } from '../scoring/owas.ts';
import type { Observed } from '../scoring/posture.ts';

/**
 * OWAS from angles. A trunk is bent from 20 degrees on, a knee above 30. Sitting and the load are for somebody to tell;
 * kneeling, walking and standing on one leg are not told apart, and count as standing.
 */
const BENT_TRUNK = 20;
const BENT_KNEE = 30;

export function owasOf(
  angles: BodyAngles,
  observed: Observed,
  settings: PoseSettings,
): { readonly codes: OwasCodes; readonly category: number } | undefined {
  const { trunk_flexion: trunk } = angles;
  if (!trunk) return undefined;
  const codes = {
    back: backOf(angles, observed, settings),
    arms: 1 + [angles.left, angles.right].filter((side) => isRaised(side, trunk)).length,
    legs: legsOf(angles, observed),
    load: (observed.load_kg ?? 0) < 10 ? 1 : (observed.load_kg ?? 0) <= 20 ? 2 : 3,
  };
  return { codes, category: scoreOwas(codes) };
}

function backOf(
  { trunk_flexion: flexion, trunk_side_bend: bend, trunk_twist: twist }: BodyAngles,
  observed: Observed,
  settings: PoseSettings,
): number {
  const isBent = Math.abs(Math.round(flexion?.degrees ?? 0)) >= BENT_TRUNK;
  const isTurned =
    (observed.trunk_twisted ?? (twist?.degrees ?? 0) > settings.twisted_from_deg) ||
    (observed.trunk_side_bent ?? (bend?.degrees ?? 0) > settings.side_bent_from_deg);
  return 1 + (isBent ? 1 : 0) + (isTurned ? 2 : 0);
}

/** At shoulder level or above: as far from hanging straight down as the trunk leans less than the arm is lifted. */
function isRaised(
  { upper_arm_flexion: flexion, upper_arm_abduction: abduction }: BodyAngles['left'],
  trunk: Measured,
): boolean {
  const lifted = flexion ? Math.abs(flexion.degrees - trunk.degrees) : 0;
  return Math.round(lifted) >= 90 || Math.round(abduction?.degrees ?? 0) >= 90;
}

function legsOf({ left, right }: BodyAngles, observed: Observed): number {
  if (observed.sitting === true) return 1;
  const bent = [left, right].filter(({ knee_flexion: knee }) => Math.round(knee?.degrees ?? 0) > BENT_KNEE);
  // From the side the far leg is often hidden; what is seen of one then stands for both.
  const seen = [left, right].filter(({ knee_flexion: knee }) => knee !== undefined);
  if (bent.length === 0) return 2;
  return bent.length === seen.length ? 4 : 5;
}
