import { boxArea, boxCentre, intersectionArea, intersectionOverUnion, shiftBox } from '../../detect/box.ts';
import type { BoundingBox } from '../../media/raster.ts';
import { blendLooks, type Look, lookDistance } from '../appearance.ts';
import type { PoseKeypoint } from '../pose-estimator.ts';
import { assign } from './assignment.ts';
import { bodyShift, bodyWay, type ExpectedJoint, expectJoints, followJoints, type Joints } from './joints.ts';
import { IMPOSSIBLE, keypointDistance, placeDistance, unlikeness } from './likeness.ts';
import { isInTheWay, type Meeting, settleMeetings } from './meetings.ts';
import { beginMotion, expectBox, followBox, type Motion } from './motion.ts';
import { ownKeypoints } from './own-keypoints.ts';

/**
 * Who is who from sample to sample, in the manner of ByteTrack: sure finds are given to those who are followed first, then
 * unsure ones to who is left; what is still left and sure begins a track. Place, posture and colours decide together, so
 * that people keep their numbers where their boxes meet; who was out of sight for a moment is known again by place or
 * colours. Pure: a state and a sample make the next state, which is plain JSON and may be kept with a checkpoint. Nobody is
 * reported where nobody was found: gaps stay gaps.
 *
 * A track is `new` until it is seen a second time (at the very first sample it is believed at once), then `followed`,
 * `lost` while unseen, and gone for good after `keepLostMs`. Only what was `followed` ever has a number.
 */
export interface TrackerSettings {
  /** From this score on a find may begin a track or end a gap, 0 to 1; below, it only carries on what is followed. */
  readonly sureScore: number;
  /** For how long somebody who is out of sight keeps their number, milliseconds. */
  readonly keepLostMs: number;
}

const DEFAULT_TRACKER_SETTINGS: TrackerSettings = { sureScore: 0.5, keepLostMs: 4_000 };

export interface Find {
  /** Pixels. */
  readonly box: BoundingBox;
  /** 0 to 1. */
  readonly score: number;
  readonly keypoints?: readonly PoseKeypoint[] | undefined;
  readonly look?: Look | undefined;
}

export interface Track {
  /** 1 and up, in the order in which people came; 0 while it is new. */
  readonly id: number;
  readonly phase: 'new' | 'followed' | 'lost';
  readonly motion: Motion;
  /** As last seen. */
  readonly box: BoundingBox;
  /** Of what was surely theirs. */
  readonly joints?: Joints | undefined;
  /** How they looked while nobody stood in the way. */
  readonly look?: Look | undefined;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Who was in the way, until it is clear who is who. */
  readonly met?: Meeting | undefined;
}

export interface TrackerState {
  readonly tracks: readonly Track[];
  readonly nextId: number;
  /** Of the last sample; undefined before the first. */
  readonly timeMs?: number | undefined;
}

export const NO_TRACKS: TrackerState = { tracks: [], nextId: 1 };

/** A find and whose it is. */
export interface Followed {
  readonly id: number;
  /** Place in the sample's finds. */
  readonly find: number;
  /** The find's, those with confidence 0 that may be somebody else's. */
  readonly keypoints?: readonly PoseKeypoint[] | undefined;
}

export interface TrackEnd {
  readonly id: number;
  readonly firstMs: number;
  /** When they were last seen. */
  readonly lastMs: number;
}

export interface TrackedSample {
  readonly state: TrackerState;
  /** By number; nobody twice. */
  readonly followed: readonly Followed[];
  readonly started: readonly number[];
  readonly ended: readonly TrackEnd[];
}

/** Costs above which two are not the same: sure finds, unsure ones by place alone, known again by colours. */
const LIMITS = { sure: 0.65, unsure: 0.5, again: 0.45 } as const;
/** Two finds of one person. */
const SAME_BOX = 0.7;
const SAME_POSTURE = 0.15;
const SAME_BOX_ALONE = 0.9;
const LOOK_SHARE = 0.2;
/** Share of a person's box that lies in that of two who were found as one. */
const INSIDE = 0.5;
/** Colours that differ by this much tell whose a find is. */
const TELLING = 0.2;
/** A find that is hardly less like somebody who is not found than like whose it seems to be is nobody's. */
const UNCLEAR = 0.06;
/** Heights of a box that somebody out of sight may be away, at once and more with every second. */
const REACH = { atOnce: 0.6, perSecond: 1.5, most: 5 } as const;

interface Known {
  readonly track: Track;
  readonly seconds: number;
  readonly expected: ReturnType<typeof expectBox>;
  readonly joints: readonly (ExpectedJoint | undefined)[];
}

/** @throws RangeError when the sample is not later than the one before. */
export function trackSample(
  state: TrackerState,
  timeMs: number,
  finds: readonly Find[],
  settings: TrackerSettings = DEFAULT_TRACKER_SETTINGS,
): TrackedSample {
  if (state.timeMs !== undefined && timeMs <= state.timeMs)
    throw new RangeError(`a sample at ${timeMs} ms can't follow one at ${state.timeMs} ms`);
  const expected = state.tracks.map((track): Known => {
    const seconds = (timeMs - track.lastMs) / 1000;
    const joints = expectJoints(track.joints, timeMs);
    return { track, seconds, expected: expectBox(track.motion, seconds), joints };
  });
  const kept = withoutDoubles(finds);
  const pairs = pairUp(expected, finds, kept, settings);
  const known = whoIsWho(expected, { pairs, finds, kept, timeMs }, settings);
  const seen = new Map(pairs.filter((pair) => !isUnclear(pair, pairs, known, finds)));
  const hidden = known.filter((entry, at) => !seen.has(at) && mayHide(entry));
  const about = { finds, kept, hidden, timeMs };
  const own = keypointsOf(known, seen, about);
  const isFirst = state.timeMs === undefined;
  let { nextId } = state;
  const tracks: Track[] = [];
  const ended: TrackEnd[] = [];
  const started: number[] = [];
  const followed: Followed[] = [];
  const follow = (track: Track, find: number) => {
    const id = track.id === 0 ? nextId++ : track.id;
    if (track.id === 0) started.push(id);
    const keypoints = own.get(find);
    followed.push({ id, find, ...(keypoints && { keypoints }) });
    tracks.push({ ...track, id, phase: 'followed' });
  };
  for (const [at, entry] of known.entries()) {
    const find = seen.get(at);
    if (find !== undefined) follow(carryOn(entry, find, own.get(find), about), find);
    else if (entry.track.phase !== 'new') {
      const { id, firstMs, lastMs } = entry.track;
      if (timeMs - lastMs > settings.keepLostMs) ended.push({ id, firstMs, lastMs });
      else tracks.push({ ...entry.track, phase: 'lost' });
    }
  }
  const taken = new Set(pairs.map(([, find]) => find));
  for (const find of kept) {
    const begun = finds[find];
    if (begun === undefined || taken.has(find) || begun.score < settings.sureScore) continue;
    const track = beginTrack(begun, own.get(find), timeMs);
    if (isFirst) follow(track, find);
    else tracks.push(track);
  }
  followed.sort((a, b) => a.id - b.id);
  return { state: { tracks, nextId, timeMs }, followed, started, ended };
}

/** Places of the finds that are not another one's double; the better score stays. */
function withoutDoubles(finds: readonly Find[]): number[] {
  const order = finds.map((_, at) => at).sort((a, b) => (finds[b]?.score ?? 0) - (finds[a]?.score ?? 0));
  const kept: number[] = [];
  for (const at of order) {
    const find = finds[at] as Find;
    if (!kept.some((other) => isDouble(finds[other] as Find, find))) kept.push(at);
  }
  return kept.sort((a, b) => a - b);
}

function isDouble(a: Find, b: Find): boolean {
  const overlap = intersectionOverUnion(a.box, b.box);
  if (overlap > SAME_BOX_ALONE) return true;
  if (overlap < SAME_BOX || !a.keypoints || !b.keypoints) return false;
  return (keypointDistance(a.keypoints, b.keypoints, a.box) ?? 1) < SAME_POSTURE;
}

/** Track → find, both by their place. */
function pairUp(
  known: readonly Known[],
  finds: readonly Find[],
  kept: readonly number[],
  { sureScore }: TrackerSettings,
): [track: number, find: number][] {
  const isSure = (find: number) => (finds[find]?.score ?? 0) >= sureScore;
  const pairs: [number, number][] = [];
  const round = (
    isTrack: (entry: Known) => boolean,
    isFind: (find: number) => boolean,
    limit: number,
    cost: (entry: Known, find: Find) => number,
  ) => {
    const rows = known.flatMap((entry, at) =>
      isTrack(entry) && !pairs.some(([track]) => track === at) ? [at] : [],
    );
    const columns = kept.filter((find) => isFind(find) && !pairs.some(([, taken]) => taken === find));
    const costs = rows.map((row) =>
      columns.map((column) => cost(known[row] as Known, finds[column] as Find)),
    );
    for (const [row, column] of assign(costs, limit))
      pairs.push([rows[row] as number, columns[column] as number]);
  };
  const near = ({ expected }: Known, find: Find) => placeDistance(expected, find.box);
  round(({ track }) => track.phase !== 'new', isSure, LIMITS.sure, alike);
  round(
    ({ track }) => track.phase === 'followed',
    (find) => !isSure(find),
    LIMITS.unsure,
    near,
  );
  round(({ track }) => track.phase === 'lost', isSure, LIMITS.again, sameLook);
  round(({ track }) => track.phase === 'new', isSure, LIMITS.sure, alike);
  return pairs;
}

const alike = ({ track: { look }, expected, joints }: Known, find: Find): number =>
  unlikeness({ look, expected, joints }, find);

/** Two who stand before each other and are found as one: a gap for both is better than the one's posture as the other's. */
function isUnclear(
  [at, found]: readonly [track: number, find: number],
  pairs: readonly (readonly [track: number, find: number])[],
  known: readonly Known[],
  finds: readonly Find[],
): boolean {
  const [own, find] = [known[at], finds[found]];
  if (!own || !find?.keypoints || own.track.phase === 'new') return false;
  // Who is known again by colours alone is where nobody else was expected.
  const most = Math.min(alike(own, find) + UNCLEAR, LIMITS.sure);
  return known.some(
    (rival, place) =>
      mayHide(rival) &&
      !pairs.some(([track]) => track === place) &&
      alike(rival, find) < most &&
      !isDressedLike(own, rival, find),
  );
}

/** Whether the colours of a find are clearly the one's and not the other's. */
function isDressedLike({ track: own }: Known, { track: rival }: Known, { look }: Find): boolean {
  if (!own.look || !rival.look || !look) return false;
  return lookDistance(own.look, look) + TELLING < lookDistance(rival.look, look);
}

interface Pairing {
  readonly pairs: readonly (readonly [track: number, find: number])[];
  readonly finds: readonly Find[];
  readonly kept: readonly number[];
  readonly timeMs: number;
}

/** Those who are known under the numbers that are theirs by their colours, where they were taken for each other. */
function whoIsWho(
  known: readonly Known[],
  { pairs, finds, kept, timeMs }: Pairing,
  { sureScore }: TrackerSettings,
): readonly Known[] {
  const followed = known.filter(mayHide);
  const people = followed.map((entry) => {
    const [, at] = pairs.find(([track]) => known[track] === entry) ?? [];
    const find = at === undefined ? undefined : finds[at];
    const box = find?.box ?? entry.expected.box;
    const isAlone = kept.every((other) => other === at || !isInTheWay((finds[other] as Find).box, box));
    const { id, look, met } = entry.track;
    return { id, look, met, box, seen: find && isAlone && find.score >= sureScore ? find.look : undefined };
  });
  const settled = settleMeetings(people, timeMs);
  return known.map((entry) => {
    const { from, met } = settled[followed.indexOf(entry)] ?? {};
    const source = from === undefined ? undefined : followed[from];
    if (!source) return entry;
    const { id, look, firstMs } = source.track;
    return { ...entry, track: { ...entry.track, id, look, firstMs, met } };
  });
}

/** Whoever was not found may stand behind who was. */
const mayHide = ({ track }: Known) => track.phase !== 'new';

/** Somebody who was out of sight may be anywhere they can have walked to; then their colours must tell. */
function sameLook({ track, seconds }: Known, find: Find): number {
  if (!track.look || !find.look) return IMPOSSIBLE;
  const [from, to] = [boxCentre(track.box), boxCentre(find.box)];
  const height = Math.max(track.box.y_max - track.box.y_min, 1);
  const reach = Math.min(REACH.atOnce + REACH.perSecond * seconds, REACH.most);
  if (Math.hypot(to.x - from.x, to.y - from.y) > reach * height) return IMPOSSIBLE;
  return lookDistance(track.look, find.look);
}

/** Who is about in a sample. */
interface About {
  readonly finds: readonly Find[];
  /** Places of those that count. */
  readonly kept: readonly number[];
  /** Who was not found and may stand behind somebody. */
  readonly hidden: readonly Known[];
  readonly timeMs: number;
}

/** Of each find what is surely its person's own, seen against all others who are about. */
function keypointsOf(
  known: readonly Known[],
  seen: ReadonlyMap<number, number>,
  { finds, kept, hidden }: About,
): ReadonlyMap<number, readonly PoseKeypoint[] | undefined> {
  const whose = new Map([...seen].map(([track, find]) => [find, known[track]]));
  const found = kept.map((find) => {
    const { box, keypoints = [] } = finds[find] as Find;
    return { box, keypoints, expected: whose.get(find)?.joints ?? [] };
  });
  const unseen = hidden.map(({ expected, joints }) => ({ box: expected.box, expected: joints }));
  const own = ownKeypoints([...found, ...unseen]);
  return new Map(kept.map((find, at) => [find, finds[find]?.keypoints && own[at]]));
}

function carryOn(
  { track, seconds, joints }: Known,
  at: number,
  own: readonly PoseKeypoint[] | undefined,
  { finds, kept, hidden, timeMs }: About,
): Track {
  const { box, look } = finds[at] as Find;
  const others = [
    ...kept.flatMap((other) => (other === at ? [] : [(finds[other] as Find).box])),
    ...hidden.map((other) => other.expected.box),
  ];
  const isAlone = !track.met && others.every((other) => !isInTheWay(other, box));
  const fresh = isAlone && look ? (track.look ? blendLooks(track.look, look, LOOK_SHARE) : look) : track.look;
  // Two who stand before each other may be found as one: then the joints tell better how far whoever it is has gone.
  const isBoth = hidden.some((other) => isInTheWay(other.expected.box, box));
  const shift = isBoth ? bodyShift(joints, own ?? [], box.y_max - box.y_min) : undefined;
  // From where the box was: from where it is expected it would go on as it did, whatever the joints show.
  const moved = shift && carryBox(track, seconds, shift);
  const place = moved && intersectionArea(moved, box) > INSIDE * boxArea(moved) ? moved : box;
  return {
    ...track,
    motion: followBox(track.motion, seconds, place),
    joints: own ? followJoints(track.joints, own, timeMs) : track.joints,
    ...{ box, look: fresh, lastMs: timeMs },
  };
}

function carryBox({ motion, joints }: Track, seconds: number, shift: { x: number; y: number }): BoundingBox {
  const way = bodyWay(joints, seconds);
  return shiftBox(expectBox(motion, 0).box, way.x + shift.x, way.y + shift.y);
}

function beginTrack({ box, look }: Find, own: readonly PoseKeypoint[] | undefined, timeMs: number): Track {
  return {
    ...{ id: 0, phase: 'new', motion: beginMotion(box), box, look },
    ...{ joints: own && followJoints(undefined, own, timeMs), firstMs: timeMs, lastMs: timeMs },
  };
}
