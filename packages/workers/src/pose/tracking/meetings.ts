import { intersectionOverUnion } from '../../detect/box.ts';
import type { BoundingBox } from '../../media/raster.ts';
import { type Look, lookDistance } from '../appearance.ts';

/**
 * Who passed whom, and whether one was taken for the other meanwhile. While two stand before each other, place and posture
 * tell who is who only by chance now and then, and what is seen of colours is a mixture. So each one's colours stay as they
 * were before the meeting, and once both are seen apart, those decide: where they clearly fit the other way round, the two
 * change numbers. Of people who are dressed alike they say nothing, and nothing is changed.
 */
export interface Meeting {
  /** Of the others; a pair that is told apart again is no longer in it. */
  readonly ids: readonly number[];
  /** When they last were in each other's way. */
  readonly atMs: number;
}

/** Somebody who is followed. */
export interface Passer {
  readonly id: number;
  /** How they looked while nobody stood in the way. */
  readonly look?: Look | undefined;
  readonly met?: Meeting | undefined;
  /** Where they were found; otherwise where they are expected. */
  readonly box: BoundingBox;
  /** How they look in this sample, where they were surely found and nobody stands in the way. */
  readonly seen?: Look | undefined;
}

/** Whose number somebody has from now on (their own, mostly), and whom they have met. */
export interface Settled {
  readonly from: number;
  readonly met?: Meeting | undefined;
}

/** Overlap from which on somebody stands in the other's way. */
const IN_THE_WAY = 0.25;
/** What the colours of both together must differ by to tell who is who. */
const CLEARLY = 0.25;
/** Colours that have not told who is who until then don't, milliseconds. */
const SETTLED_MS = 1_000;

export const isInTheWay = (a: BoundingBox, b: BoundingBox): boolean =>
  intersectionOverUnion(a, b) >= IN_THE_WAY;

/** @returns for each, by their place, whose number is theirs. */
export function settleMeetings(people: readonly Passer[], timeMs: number): Settled[] {
  const from = people.map((_, at) => at);
  const told = new Set<string>();
  const met = people.map((person) => meetingOf(person, people, timeMs));
  for (const [at, a] of people.entries()) {
    for (const [place, b] of people.entries()) {
      if (place <= at || !met[at]?.ids.includes(b.id) || from[at] !== at || from[place] !== place) continue;
      const gain = gainOfExchange(a, b);
      if (gain === undefined || Math.abs(gain) < CLEARLY) continue;
      told.add(pairOf(a.id, b.id));
      if (gain > 0) [from[at], from[place]] = [place, at];
    }
  }
  return from.map((source) => {
    // A meeting goes with the number: what colours say of it is said of who had them before.
    const person = people[source] as Passer;
    const { ids = [], atMs = timeMs } = met[source] ?? {};
    const left = ids.filter((id) => !told.has(pairOf(person.id, id)));
    return { from: source, met: left.length > 0 ? { ids: left, atMs } : undefined };
  });
}

function meetingOf(person: Passer, people: readonly Passer[], timeMs: number): Meeting | undefined {
  const others = people.filter((other) => other !== person);
  const here = others.filter((other) => isInTheWay(person.box, other.box)).map(({ id }) => id);
  const before = (person.met?.ids ?? []).filter((id) => others.some((other) => other.id === id));
  const ids = [...new Set([...before, ...here])];
  if (ids.length === 0) return undefined;
  // The time runs while both can be seen.
  const isWaiting = !person.seen || others.some((other) => ids.includes(other.id) && !other.seen);
  const atMs = here.length > 0 || isWaiting ? timeMs : (person.met?.atMs ?? timeMs);
  return timeMs - atMs < SETTLED_MS ? { ids, atMs } : undefined;
}

/** By how much the colours of both fit better the other way round; undefined where they are not seen. */
function gainOfExchange(a: Passer, b: Passer): number | undefined {
  if (!a.look || !b.look || !a.seen || !b.seen) return undefined;
  const kept = lookDistance(a.look, a.seen) + lookDistance(b.look, b.seen);
  return kept - lookDistance(a.look, b.seen) - lookDistance(b.look, a.seen);
}

const pairOf = (a: number, b: number) => `${Math.min(a, b)} ${Math.max(a, b)}`;
