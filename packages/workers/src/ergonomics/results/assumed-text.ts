/** What each entry of `assumed` means, for whoever reads a report. */
const TEXTS: Readonly<Record<string, string>> = {
  shoulder_raised: 'shoulders are not raised',
  abducted: 'arms are not held away from the body',
  arm_supported: 'arms are not supported',
  across_midline: 'lower arms do not cross the middle of the body',
  wrist: 'wrists are straight',
  wrist_deviated: 'wrists are not bent to the side',
  wrist_twist: 'lower arms are not twisted near the end of their range',
  neck_twisted: 'the neck is not twisted',
  neck_side_bent: 'the neck is not bent to the side',
  trunk_twisted: 'the trunk is not twisted',
  trunk_side_bent: 'the trunk is not bent to the side',
  legs: 'legs and feet are well supported, with even weight',
  muscle_a: 'arms are neither static nor repeating (RULA)',
  muscle_b: 'the body is neither static nor repeating (RULA)',
  force_a: 'there is no force or load on the arms (RULA)',
  force_b: 'there is no force or load on the body (RULA)',
  load: 'there is no load (REBA, OWAS)',
  load_pattern: 'the load is handled now and then, without shocks',
  coupling: 'the grip is good (REBA)',
  activity: 'nothing is static, repeated or rapid (REBA)',
  facing: 'the body looks to where it leans, in samples where neither face nor feet tell',
  owas_legs: 'the person stands, neither sitting nor kneeling nor walking (OWAS)',
  niosh_A_deg: 'the load is lifted straight in front of the body (NIOSH, marked *)',
  niosh_coupling: 'the grip is good (NIOSH, marked *)',
};

export const describeAssumed = (name: string): string => TEXTS[name] ?? name.replaceAll('_', ' ');
