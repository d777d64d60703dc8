import { boxArea } from '../detect/box.ts';
import type { BoundingBox } from '../media/raster.ts';

/**
 * Which of the people in a video is meant: the one who fills the most picture, the one who is seen longest, a number, or
 * whoever is at a place at a time. Pure, over what was tracked; nothing is chosen while the video is still read.
 */
export type PersonChoice = 'largest' | 'longest' | { readonly track: number } | PlaceAndTime;

export interface PlaceAndTime {
  /** In the same pixels as the boxes. */
  readonly at: readonly [x: number, y: number];
  /** Seconds. */
  readonly t: number;
}

export interface SeenSample {
  readonly timeMs: number;
  readonly people: readonly { readonly id: number; readonly box: BoundingBox }[];
}

export interface ChosenPerson {
  readonly id: number;
  /** Samples in which they are seen. */
  readonly samples: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** How many people were seen in all. */
  readonly among: number;
}

/** The person can't be chosen; the message is for whoever asked. */
export class NoSuchPersonError extends Error {
  override readonly name: string = 'NoSuchPersonError';
}

/** There is nobody at all to choose from. */
export class NobodySeenError extends NoSuchPersonError {
  override readonly name = 'NobodySeenError';
}

interface Summary extends Omit<ChosenPerson, 'among'> {
  /** Sum of the box's areas, square pixels. */
  readonly area: number;
}

/** A point within this of a box, part of its height, still means that person. */
const BESIDE = 0.25;
/** Seconds between the time that was named and the sample that is looked at. */
const AT_MOST_OFF = 2;

/** @throws NoSuchPersonError when nobody was seen at all, or nobody who fits. */
export function choosePerson(samples: Iterable<SeenSample>, choice: PersonChoice): ChosenPerson {
  const people = new Map<number, Summary>();
  let nearest: { off: number; sample: SeenSample } | undefined;
  const wantedMs = typeof choice === 'object' && 'at' in choice ? choice.t * 1000 : undefined;
  for (const sample of samples) {
    for (const { id, box } of sample.people) people.set(id, addTo(people.get(id), id, box, sample.timeMs));
    if (wantedMs === undefined || sample.people.length === 0) continue;
    const off = Math.abs(sample.timeMs - wantedMs);
    if (nearest === undefined || off < nearest.off) nearest = { off, sample };
  }
  if (people.size === 0) throw new NobodySeenError('Nobody was found in the video.');
  const chosen = people.get(idOf(choice, [...people.values()], nearest));
  if (chosen === undefined) {
    const ids = [...people.keys()].sort((a, b) => a - b);
    const wanted = typeof choice === 'object' && 'track' in choice ? choice.track : '';
    throw new NoSuchPersonError(`There is no person ${wanted} in the video. There are: ${ids.join(', ')}.`);
  }
  const { id, samples: count, firstMs, lastMs } = chosen;
  return { id, samples: count, firstMs, lastMs, among: people.size };
}

function addTo(known: Summary | undefined, id: number, box: BoundingBox, timeMs: number): Summary {
  return {
    ...{ id, samples: (known?.samples ?? 0) + 1, area: (known?.area ?? 0) + boxArea(box) },
    ...{ firstMs: known?.firstMs ?? timeMs, lastMs: timeMs },
  };
}

function idOf(
  choice: PersonChoice,
  people: readonly Summary[],
  nearest: { off: number; sample: SeenSample } | undefined,
): number {
  if (typeof choice === 'object') return 'at' in choice ? idAt(choice, nearest) : choice.track;
  // Who is seen in one sample by accident is larger than nobody: the whole of what is seen counts.
  const rank = (one: Summary) => (choice === 'largest' ? one.area : one.samples);
  const [best] = people.toSorted((a, b) => rank(b) - rank(a) || a.id - b.id);
  return best?.id ?? 0;
}

function idAt(
  { at: [x, y], t }: PlaceAndTime,
  nearest: { off: number; sample: SeenSample } | undefined,
): number {
  const where = `at ${x}, ${y} at ${t} s`;
  if (nearest === undefined || nearest.off > AT_MOST_OFF * 1000)
    throw new NoSuchPersonError(`Nobody is seen within ${AT_MOST_OFF} s of ${t} s.`);
  const ranked = nearest.sample.people
    .map(({ id, box }) => ({ id, away: awayFrom(box, x, y), area: boxArea(box) }))
    .filter(({ away }) => away <= BESIDE)
    // Of several who are there, the point most likely means the one it lies in the middle of.
    .sort((a, b) => a.away - b.away || a.area - b.area);
  const [best] = ranked;
  if (best === undefined) {
    const others = nearest.sample.people
      .map(
        ({ id, box }) =>
          `${id} (${Math.round((box.x_min + box.x_max) / 2)}, ${Math.round((box.y_min + box.y_max) / 2)})`,
      )
      .join(', ');
    throw new NoSuchPersonError(`Nobody is ${where}. There are: ${others}.`);
  }
  return best.id;
}

/** Heights of the box between it and the point; 0 inside. */
function awayFrom(box: BoundingBox, x: number, y: number): number {
  const dx = Math.max(box.x_min - x, 0, x - box.x_max);
  const dy = Math.max(box.y_min - y, 0, y - box.y_max);
  return Math.hypot(dx, dy) / Math.max(box.y_max - box.y_min, 1);
}
