import type { RebaComponents, RulaComponents } from './components.ts';
import {
  type BandedPart,
  kneeAddition,
  type Method,
  PART_SCORES,
  rebaLoad,
  rulaForce,
} from './part-bands.ts';
import { COUPLINGS, type Coded, type Posture } from './posture.ts';
import type { ScoringSettings } from './scoring-settings.ts';

/** From a posture to the components of RULA and REBA, with all that is added for twists, support, loads and time. */

const clamp = (value: number, from: number, to: number) => Math.min(Math.max(value, from), to);
const one = (isSo: boolean | undefined) => (isSo === true ? 1 : 0);

/** Collects what is not known while the components are read from a posture. */
function createReading(method: Method, posture: Posture, settings: ScoringSettings) {
  const assumed = new Set<string>();
  const missing: string[] = [];
  const angles: Record<BandedPart, number | undefined> = {
    upper_arm: posture.upper_arm_deg,
    lower_arm: posture.lower_arm_deg,
    wrist: posture.wrist_deg,
    neck: posture.neck_deg,
    trunk: posture.trunk_deg,
  };
  const isKnown = (value: unknown, name: string) => {
    if (value === undefined) assumed.add(name);
    return value !== undefined;
  };
  return {
    assumed,
    missing,
    isKnown,
    /** The score of a part by its angle, or 1 where the angle is not known. */
    part(part: BandedPart): number {
      const degrees = angles[part];
      if (degrees !== undefined) return PART_SCORES[method][part](degrees, settings);
      if (part === 'wrist') assumed.add('wrist');
      else missing.push(part);
      return 1;
    },
    /** 1 where the posture says so. */
    yes(
      field: 'shoulder_raised' | 'abducted' | 'arm_supported' | 'across_midline' | 'wrist_deviated',
    ): number {
      isKnown(posture[field], field);
      return one(posture[field]);
    },
    /** What twist and side bend of neck or trunk add. */
    turned(part: 'neck' | 'trunk', rule: 'each' | 'once'): number {
      const [twisted, bent] = [posture[`${part}_twisted`], posture[`${part}_side_bent`]];
      isKnown(twisted, `${part}_twisted`);
      isKnown(bent, `${part}_side_bent`);
      const sum = one(twisted) + one(bent);
      return rule === 'each' ? sum : Math.min(sum, 1);
    },
  };
}

/** @param muscle use of arm and wrist (a) and of neck, trunk and legs (b), where they are known apart. */
export function codeRula(
  posture: Posture,
  settings: ScoringSettings,
  muscle?: { readonly a: boolean; readonly b: boolean },
): Coded<RulaComponents> {
  const reading = createReading('rula', posture, settings);
  const { part, yes, turned, isKnown } = reading;
  const rule = settings.rula_twist_and_side_bend;
  const lasts = posture.static === true || posture.repeated === true;
  if (muscle === undefined && !isKnown(posture.static ?? posture.repeated, 'muscle_a'))
    reading.assumed.add('muscle_b');
  const force = forceOf(posture, settings);
  if (force === undefined) {
    reading.assumed.add('force_a');
    reading.assumed.add('force_b');
  }
  noteHandling(posture, reading.assumed);
  isKnown(posture.twist, 'wrist_twist');
  isKnown(posture.legs_supported, 'legs');
  const trunkBand = part('trunk');
  const components = {
    upper_arm: clamp(
      part('upper_arm') + yes('shoulder_raised') + yes('abducted') - yes('arm_supported'),
      1,
      6,
    ),
    lower_arm: clamp(part('lower_arm') + yes('across_midline'), 1, 3),
    wrist: clamp(part('wrist') + yes('wrist_deviated'), 1, 4),
    wrist_twist: posture.twist === 'end' ? 2 : 1,
    neck: clamp(part('neck') + turned('neck', rule), 1, 6),
    trunk: clamp((posture.trunk_supported === true ? 1 : trunkBand) + turned('trunk', rule), 1, 6),
    legs: posture.legs_supported === false ? 2 : 1,
    muscle_a: one(muscle?.a ?? lasts),
    muscle_b: one(muscle?.b ?? lasts),
    force_a: force ?? 0,
    force_b: force ?? 0,
  };
  return { components, assumed: [...reading.assumed], missing: reading.missing };
}

/** A shock counts without a weight, too; undefined where nothing is known of any load. */
function forceOf({ load_kg: load, load_pattern: pattern }: Posture, settings: ScoringSettings) {
  if (load === undefined && pattern !== 'shock') return undefined;
  return rulaForce(load ?? 0, pattern ?? 'intermittent', settings);
}

/** A load counts for less where it is handled now and then, without shocks. */
function noteHandling({ load_kg: load = 0, load_pattern: pattern }: Posture, assumed: Set<string>): void {
  if (load > 0 && pattern === undefined) assumed.add('load_pattern');
}

export function codeReba(posture: Posture, settings: ScoringSettings): Coded<RebaComponents> {
  const reading = createReading('reba', posture, settings);
  const { part, yes, turned, isKnown } = reading;
  const rule = settings.reba_twist_and_side_flexion;
  const { load_kg: load, load_pattern: pattern, coupling, knee_deg: knee } = posture;
  isKnown(posture.legs_supported, 'legs');
  isKnown(coupling, 'coupling');
  if (pattern !== 'shock') isKnown(load, 'load');
  noteHandling(posture, reading.assumed);
  isKnown(posture.static ?? posture.repeated ?? posture.rapid, 'activity');
  // Bent knees of somebody who sits carry nothing.
  const isSitting = posture.sitting === true;
  if (knee === undefined && !isSitting) reading.missing.push('knee');
  const bent = isSitting || knee === undefined ? 0 : kneeAddition(knee, settings);
  const wristTurned = posture.wrist_deviated === true || posture.twist === 'end';
  yes('wrist_deviated');
  const components = {
    neck: clamp(part('neck') + turned('neck', rule), 1, 3),
    trunk: clamp(part('trunk') + turned('trunk', rule), 1, 5),
    legs: clamp((posture.legs_supported === false ? 2 : 1) + bent, 1, 4),
    upper_arm: clamp(
      part('upper_arm') + yes('shoulder_raised') + yes('abducted') - yes('arm_supported'),
      1,
      6,
    ),
    lower_arm: part('lower_arm'),
    wrist: clamp(part('wrist') + one(wristTurned), 1, 3),
    load: (load === undefined ? 0 : rebaLoad(load, settings)) + one(pattern === 'shock'),
    coupling: coupling === undefined ? 0 : COUPLINGS.indexOf(coupling),
    activity: one(posture.static) + one(posture.repeated) + one(posture.rapid),
  };
  return { components, assumed: [...reading.assumed], missing: reading.missing };
}
