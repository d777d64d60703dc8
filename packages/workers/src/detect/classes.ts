/**
 * The words of the product for what a detector finds. A label is a structure (what the defect is on) or an anomaly; a
 * label that is in neither list counts as an anomaly, since overlooking a defect is worse than showing one too many.
 */
export const STRUCTURE_CLASSES = [
  'beam',
  'column',
  'wall',
  'slab',
  'pipe',
  'foundation',
  'joint',
  'girder',
  'truss',
  'deck',
] as const;

export const ANOMALY_CLASSES = [
  'crack',
  'corrosion',
  'spalling',
  'deformation',
  'stain',
  'efflorescence',
  'exposed_rebar',
  'delamination',
  'scaling',
  'popout',
  'honeycomb',
  'rust',
] as const;

const LINE_LIKE_CLASSES: readonly string[] = ['crack', 'exposed_rebar'];

/** Spellings of other data sets for our classes. */
const ALIASES: Readonly<Record<string, string>> = { spall: 'spalling' };

/** A model's label in the product's spelling: lower case, words joined by `_`, other data sets' words replaced. */
export function productClass(label: string): string {
  const name = label
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return ALIASES[name] ?? name;
}

export function isStructureClass(name: string): boolean {
  return (STRUCTURE_CLASSES as readonly string[]).includes(name);
}

/** Whether a class is long and thin by nature; undefined for an unknown class, whose shape then decides. */
export function isLineLike(name: string): boolean | undefined {
  if (LINE_LIKE_CLASSES.includes(name)) {
    return true;
  }
  return (ANOMALY_CLASSES as readonly string[]).includes(name) ? false : undefined;
}
