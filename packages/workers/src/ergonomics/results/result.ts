import { type MomentPicture, momentPictureName } from '../report/moment-picture.ts';
import { type Lift, type ScoredLift, scoreLifts } from '../scoring/lifts.ts';
import type { ScoredSequence } from '../sequence/score-sequence.ts';
import type { SequenceSettings } from '../sequence/sequence-settings.ts';
import { type Summary, summarise } from '../sequence/summarise.ts';
import { type Columns, columnsOf, knownAt } from './columns.ts';

/**
 * The result of a sequence in its canonical form, JSON of version 1. `samples` has a list for each column, as long as there
 * are samples; null stands where nothing is known.
 */
const RESULT_SCHEMA = 'spillway.ergonomics.sequence/1';

export interface SequenceResult {
  readonly schema: typeof RESULT_SCHEMA;
  readonly title: string | null;
  /** What somebody told of the recording: workplace, task, date. */
  readonly details: Readonly<Record<string, string>>;
  readonly source: { readonly layout: string; readonly dimensions: 2 | 3; readonly frames: number };
  /** Which models read the keypoints; none where these were sent. */
  readonly models: readonly UsedModel[];
  readonly settings: SequenceSettings;
  readonly observed: object;
  /** What counts as the most favourable because nothing is known of it, in any of the samples. */
  readonly assumed: readonly string[];
  readonly warnings: readonly string[];
  readonly summary: Summary & {
    /** Lifts that somebody measured; none of its figures is from the keypoints. */
    readonly niosh: readonly ScoredLift[];
  };
  /** Of the worst moments, by their rank, and under which name each lies beside the other results. */
  readonly pictures: readonly NamedPicture[];
  readonly samples: Readonly<Record<string, readonly (number | null)[]>>;
}

/** A result as forms are written from: plain JSON but for its columns, which hold numbers only. */
export type ColumnResult = Omit<SequenceResult, 'samples'> & { readonly samples: Columns };

export interface UsedModel {
  readonly role: string;
  readonly id: string;
  readonly demo: boolean;
}

export interface NamedPicture {
  readonly rank: number;
  readonly name: string;
  readonly width_px: number;
  readonly height_px: number;
}

/** Above this share of time without a score a report is not to be relied on. */
const MUCH_UNSEEN = 0.3;

export function buildResult(
  sequence: ScoredSequence,
  input: {
    readonly title?: string | undefined;
    readonly details?: Readonly<Record<string, string>> | undefined;
    readonly layout: string;
    readonly dimensions: 2 | 3;
    readonly models?: readonly UsedModel[] | undefined;
    /** Of what the keypoints were read from, such as a video that breaks off. */
    readonly warnings?: readonly string[] | undefined;
    readonly observed: object;
    readonly niosh?: readonly Lift[] | undefined;
    readonly settings: SequenceSettings;
  },
): ColumnResult {
  const { title = null, details = {}, layout, dimensions, models = [], observed, settings } = input;
  const niosh = scoreLifts(input.niosh ?? [], settings);
  const summary = { ...summarise(sequence, settings), niosh };
  const { samples, ...plain } = {
    schema: RESULT_SCHEMA as typeof RESULT_SCHEMA,
    title,
    details,
    source: { layout, dimensions, frames: sequence.samples.length },
    models,
    settings,
    observed,
    assumed: [...new Set([...sequence.assumed, ...owasAssumed(observed), ...liftsAssumed(niosh)])],
    warnings: [...(input.warnings ?? []), ...demoWarnings(models), ...warningsOf(sequence, summary)],
    summary,
    pictures: [],
    samples: columnsOf(sequence),
  };
  // Without the fields that are undefined, so that every form holds what the JSON says and nothing else.
  return { ...(JSON.parse(JSON.stringify(plain)) as typeof plain), samples };
}

/** As callers get it. */
export const asJson = ({ samples, ...plain }: ColumnResult): SequenceResult => ({
  ...plain,
  samples: Object.fromEntries(
    Object.entries(samples).map(([name, column]) => [
      name,
      Array.from(column, (_, at) => knownAt(column, at) ?? null),
    ]),
  ),
});

/** The same result with the names of pictures that were made of its worst moments. */
export const withPictures = (result: ColumnResult, pictures: readonly MomentPicture[]): ColumnResult => ({
  ...result,
  pictures: pictures.map(({ rank, widthPx, heightPx }) => ({
    ...{ rank, name: momentPictureName(rank), width_px: widthPx, height_px: heightPx },
  })),
});

/** First of all warnings: such a report is none of a real workplace. */
function demoWarnings(models: readonly UsedModel[]): string[] {
  const made = models.filter(({ demo }) => demo).map(({ id }) => id);
  if (made.length === 0) return [];
  return [
    `Made with demo models (${made.join(', ')}), which know drawn mannequins and say nothing about real people.`,
  ];
}

/** OWAS asks for legs and load that only somebody who was there can tell. */
const owasAssumed = (observed: object) => ('sitting' in observed ? [] : ['owas_legs']);

const liftsAssumed = (lifts: readonly ScoredLift[]) =>
  lifts.flatMap(({ assumed }) => assumed.map((field) => `niosh_${field}`));

function warningsOf({ views }: ScoredSequence, { seconds }: Summary): string[] {
  const unseen = seconds.total > 0 ? seconds.not_scored / seconds.total : 1;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const isMuch = unseen > MUCH_UNSEEN;
  return [
    ...(isMuch && !views.has('front')
      ? [`In ${percent(unseen)} of the time the trunk was not seen well enough for a score.`]
      : []),
    ...(views.has('front')
      ? [
          isMuch
            ? `In ${percent(unseen)} of the time there is no score: the person was seen from the front, where one camera cannot measure flexion, or the trunk was not seen.`
            : 'Part of it was seen from the front, where one camera cannot measure flexion; it has no score.',
        ]
      : []),
    ...(views.has('side')
      ? [
          'One camera measures only what moves in the plane of its picture; twists and bends to the side are not seen, and count as none unless somebody told of them.',
        ]
      : []),
  ];
}
