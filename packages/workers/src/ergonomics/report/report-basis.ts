import { describeAssumed } from '../results/assumed-text.ts';
import type { ColumnResult } from '../results/result.ts';
import type { Block } from './report-blocks.ts';
import { percentOf, spoken } from './report-words.ts';

/** What a report rests on: what was assumed, not seen, told by somebody, and set. */
export function reportBasis(result: ColumnResult): Block[] {
  const { assumed, summary, observed, source, models } = result;
  const { seconds } = summary;
  const list = (items: readonly string[], isDense = false): Block => ({ kind: 'list', items, isDense });
  const values = (object: object) => Object.entries(object).map(([name, value]) => valueText(name, value));
  const time = (part: number) =>
    `${part.toFixed(1)} s of ${seconds.total.toFixed(1)} s (${percentOf(part, seconds.total)})`;
  const told = values(observed);
  return [
    { kind: 'heading', text: 'What this rests on' },
    { kind: 'subheading', text: 'Assumed, since nothing is known of it' },
    list(assumed.length === 0 ? ['nothing'] : assumed.map(describeAssumed), true),
    { kind: 'subheading', text: 'Missing data' },
    list([
      `without a score: ${time(seconds.not_scored)}`,
      `with parts not seen on the worse side, which count as 1: ${time(seconds.partial)}`,
      ...(['left', 'right'] as const).map(
        (side) =>
          `with parts not seen on the ${side}, which count as 1: ${time(summary[side].partial_seconds)}`,
      ),
      `with keypoints bridged over short gaps: ${time(seconds.bridged)}`,
    ]),
    { kind: 'subheading', text: 'Told by the observer' },
    list(told.length === 0 ? ['nothing'] : told),
    { kind: 'subheading', text: 'Settings' },
    list(values(usedSettings(result)), true),
    { kind: 'subheading', text: 'Method and sources' },
    {
      kind: 'text',
      text: `Keypoints: ${source.layout}, ${source.dimensions}D. One side is scored at a time; the worse one counts. Angles are rounded to whole degrees before they are scored; an angle on the edge of two bands belongs to the lower one.`,
    },
    ...(models.length === 0
      ? []
      : [list(models.map(({ role, id, demo }) => `${role}: ${id}${demo ? ' (demo model)' : ''}`))]),
    list(summary.niosh.length > 0 ? [...SOURCES, NIOSH_SOURCE] : SOURCES),
    { kind: 'signature', fields: ['Assessed by', 'Date', 'Signature'] },
  ];
}

/** Those that this result rests on. */
function usedSettings({ settings, source, summary }: ColumnResult): object {
  const isUnused: Readonly<Record<string, boolean>> = {
    niosh_frequency: summary.niosh.length === 0,
    smoothing_cutoff_hz: settings.smoothing === 'none',
    smoothing_beta: settings.smoothing !== 'one_euro',
    up: source.dimensions === 2,
    view: source.dimensions === 3,
  };
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isUnused[name]));
}

/** Settings whose names are too short for whoever reads them beside nothing else. */
const SETTINGS: Readonly<Record<string, string>> = {
  rula_upper_arm_neutral_deg: 'RULA, upper arm counts as hanging up to',
  reba_load_at_10_kg: 'REBA, load score of 10 kg exactly',
  reba_knee_at_30_deg: 'REBA, added for a knee at 30° exactly',
  min_confidence: 'keypoints count as seen from a confidence of',
  neck_offset_deg: 'subtracted from the neck',
  static_seconds: 'static: held for longer than',
  static_tolerance_deg: 'static: moves to either side by no more than',
  repeats_per_minute: 'repeated: times a minute',
  movement_deg: 'repeated: a movement is at least',
  rapid_deg: 'rapid: changes by at least',
  rapid_seconds: 'rapid: within',
  rapid_hold_seconds: 'rapid: counts for',
  bridge_seconds: 'gaps of keypoints are bridged up to',
  max_gap_seconds: 'samples belong together up to',
};

/** Units stand in the names of settings, and belong behind the figure. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_deg$/, '°'],
  [/_seconds$/, ' s'],
  [/_hz$/, ' Hz'],
  [/_kg$/, ' kg'],
];

function valueText(name: string, value: unknown): string {
  // `reba_load_at_10_kg` tells of a score, not of kilograms.
  const [ending, unit] =
    (typeof value === 'number' && UNITS.find(([end]) => end.test(name) && !/_at_/.test(name))) || [];
  const spokenName =
    SETTINGS[name] ??
    spoken(ending ? name.replace(ending, '') : name).replace(/^(rula|reba|niosh)\b/, (method) =>
      method.toUpperCase(),
    );
  const text =
    typeof value === 'boolean'
      ? value
        ? 'yes'
        : 'no'
      : String(value).replace(/^-/, '−').replaceAll('_', ' ');
  return `${spokenName}: ${text}${unit ?? ''}`;
}

const NIOSH_SOURCE =
  'NIOSH: Waters TR, Putz-Anderson V, Garg A. Applications manual for the revised NIOSH lifting equation. DHHS (NIOSH) 94-110 (rev. 9/2021).';

const SOURCES = [
  'RULA: McAtamney L, Corlett EN. RULA: a survey method for the investigation of work-related upper limb disorders. Applied Ergonomics 24(2), 1993, 91–99.',
  'REBA: Hignett S, McAtamney L. Rapid Entire Body Assessment (REBA). Applied Ergonomics 31(2), 2000, 201–205.',
  'OWAS: Karhu O, Kansi P, Kuorinka I. Correcting working postures in industry. Applied Ergonomics 8(4), 1977, 199–201.',
  'Bands of angles: in the manner of EN 1005-4, as far as its limits are public; this is no assessment by that standard.',
];
