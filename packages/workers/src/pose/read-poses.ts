import type { LayoutName } from '../ergonomics/pose/layouts.ts';
import type { BoundingBox, RgbImage } from '../media/raster.ts';
import type { FindRequest, PeopleReply, PosedPerson, PoseRequest } from './find-people.ts';
import { createFrameBuffers, type FrameBuffers, type PoseFrame } from './frame-buffers.ts';
import type { PoseKeypoint } from './pose-estimator.ts';
import { keypointsBetween } from './tracking/keypoints-between.ts';
import { NO_TRACKS, type TrackEnd, type TrackerState, trackSample } from './tracking/tracker.ts';

/**
 * A video's frames in, who is where in which posture out, in the order of the frames. It owns how many frames are in hand
 * at once, what is asked of the threads when, and the tracker's state; the computing is done by `ask`. Frames are taken in
 * groups. Of each frame the people are found, or, with `detectEvery` above 1, of each group's first: in the others people
 * are where the way between their boxes before and after takes them, and their posture is read there. Whoever comes
 * between two finds is seen from the second on.
 */
export interface ReadSettings {
  /** People are looked for in every so many frames, 1 to 30. */
  readonly detectEvery: number;
  /** Scores, 0 to 1: from the first on somebody is followed, from the second on whoever is followed is carried on. */
  readonly sureScore: number;
  readonly unsureScore: number;
  /** Most people of a frame. */
  readonly maxPeople: number;
  /** For how long somebody out of sight keeps their number, milliseconds. */
  readonly keepLostMs: number;
}

export const DEFAULT_READ_SETTINGS: ReadSettings = {
  ...{ detectEvery: 1, sureScore: 0.5, unsureScore: 0.2, maxPeople: 10, keepLostMs: 4_000 },
};

export interface PosePerson {
  /** Stays the same through the video. */
  readonly id: number;
  /** Pixels of the frame. */
  readonly box: BoundingBox;
  /** Of the find, 0 to 1; between finds that of the one before. */
  readonly score: number;
  /** Those that may be somebody else's have confidence 0. */
  readonly keypoints: readonly PoseKeypoint[];
  /** The box was not found in this frame but lies between two that were. */
  readonly isBetween?: true;
}

export interface PoseSample {
  readonly index: number;
  readonly timeMs: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Undefined until somebody was seen. */
  readonly layout?: LayoutName | undefined;
  /** By their numbers; only who is seen. */
  readonly people: readonly PosePerson[];
  /** Numbers that begin with this sample, and those who were not seen for so long that theirs has ended. */
  readonly started: readonly number[];
  readonly ended: readonly TrackEnd[];
  /** What the next call needs to go on after this sample, if it is the last of a call; plain JSON. */
  readonly tracker: TrackerState;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of the last sample of an earlier call whose video goes on here. */
  readonly tracker?: TrackerState | undefined;
}

export interface ReadContext {
  ask(request: FindRequest | PoseRequest, signal: AbortSignal): Promise<PeopleReply>;
  readonly settings: ReadSettings;
  /** Requests that can be computed side by side. */
  readonly threads: number;
  /** For all frames in hand. */
  readonly maxBytes: number;
}

interface Group {
  readonly frames: readonly Omit<PoseFrame, 'data'>[];
  readonly images: readonly RgbImage[];
  /** Of the frames in which people were looked for. */
  readonly tracked: Promise<readonly PoseSample[]>;
  /** Of all frames; set when the next group's people are asked for, or there is none. */
  samples?: Promise<readonly PoseSample[]>;
}

/** So many frames share a request where people are looked for in each of them. */
const SHARED = 4;

export async function* readPoses(
  frames: AsyncIterable<PoseFrame>,
  context: ReadContext,
  { signal, tracker = NO_TRACKS }: ReadOptions = {},
): AsyncGenerator<PoseSample> {
  const giveUp = new AbortController();
  const either = signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal;
  const begin = createBeginning(context, tracker, either);
  const buffers = createFrameBuffers();
  const inHand: Group[] = [];
  try {
    for await (const { group: gathered, ahead } of gather(frames, context, buffers)) {
      either.throwIfAborted();
      const group = begin(gathered);
      const previous = inHand.at(-1);
      if (previous) previous.samples = finish(previous, group, context, either);
      inHand.push(group);
      while (inHand.length > ahead) yield* hand(inHand, buffers);
    }
    const last = inHand.at(-1);
    if (last) last.samples = finish(last, undefined, context, either);
    while (inHand.length > 0) yield* hand(inHand, buffers);
  } finally {
    giveUp.abort(new Error('The frames are no longer wanted.'));
  }
}

async function* hand(inHand: Group[], buffers: FrameBuffers): AsyncGenerator<PoseSample> {
  const [first] = inHand;
  yield* (await first?.samples) ?? [];
  inHand.shift();
  buffers.release(first?.images ?? []);
}

type Gathered = Pick<Group, 'frames' | 'images'>;

/** Groups of frames, copied, and how many groups may be in hand as large as frames are. */
async function* gather(
  frames: AsyncIterable<PoseFrame>,
  { settings, threads, maxBytes }: ReadContext,
  buffers: FrameBuffers,
): AsyncGenerator<{ group: Gathered; ahead: number }> {
  let group: { frames: Omit<PoseFrame, 'data'>[]; images: RgbImage[] } = { frames: [], images: [] };
  let plan = { size: 1, ahead: 1 };
  for await (const frame of frames) {
    if (group.frames.length === 0) plan = planGroups(settings, threads, maxBytes / frame.data.length);
    const { index, timeMs, widthPx, heightPx } = frame;
    group.images.push(buffers.keep(frame));
    group.frames.push({ index, timeMs, widthPx, heightPx });
    if (group.frames.length < plan.size) continue;
    yield { group, ahead: plan.ahead };
    group = { frames: [], images: [] };
  }
  if (group.frames.length > 0) yield { group, ahead: plan.ahead };
}

/** One group more than threads is in hand, so that none of them waits, and one is being filled. */
export function planGroups(
  { detectEvery }: Pick<ReadSettings, 'detectEvery'>,
  threads: number,
  maxFrames: number,
): { size: number; ahead: number } {
  const groups = threads + 2;
  const size = detectEvery > 1 ? detectEvery : Math.max(1, Math.min(SHARED, Math.floor(maxFrames / groups)));
  return { size, ahead: Math.max(1, Math.min(groups, Math.floor(maxFrames / size)) - 1) };
}

/** Begins groups: their people are asked for at once, and tracked when all earlier ones are. */
function createBeginning(
  { ask, settings }: ReadContext,
  tracker: TrackerState,
  signal: AbortSignal,
): (gathered: Gathered) => Group {
  const { unsureScore: threshold, maxPeople, detectEvery } = settings;
  let chain = Promise.resolve({ state: tracker, layout: undefined as LayoutName | undefined });
  return ({ frames, images }) => {
    const keys = detectEvery > 1 ? 1 : frames.length;
    const found = ask({ kind: 'find', images: images.slice(0, keys), threshold, maxPeople }, signal);
    const before = chain;
    const tracked = Promise.all([before, found]).then(([{ state, layout }, reply]) =>
      trackFrames(frames.slice(0, keys), reply, { state, layout: reply.layout ?? layout }, settings),
    );
    chain = tracked.then((samples) => {
      const { tracker: state = NO_TRACKS, layout } = samples.at(-1) ?? {};
      return { state, layout };
    });
    hush(found, tracked, chain);
    return { frames, images, tracked };
  };
}

function trackFrames(
  frames: readonly Omit<PoseFrame, 'data'>[],
  { people }: PeopleReply,
  { state, layout }: { state: TrackerState; layout: LayoutName | undefined },
  settings: ReadSettings,
): PoseSample[] {
  let tracker = state;
  return frames.map((frame, at) => {
    const finds = people[at] ?? [];
    const result = trackSample(tracker, frame.timeMs, finds, settings);
    tracker = result.state;
    const followed = result.followed.map(({ id, find, keypoints = [] }): PosePerson => {
      const { box, score } = finds[find] as PosedPerson;
      return { id, box, score, keypoints };
    });
    const { started, ended } = result;
    return { ...frame, layout, people: followed, started, ended, tracker };
  });
}

/** The samples of all frames of a group, once it is known where its people are next. */
function finish(
  group: Group,
  next: Group | undefined,
  { ask }: ReadContext,
  signal: AbortSignal,
): Promise<readonly PoseSample[]> {
  const work = async () => {
    const tracked = await group.tracked;
    const [from] = tracked;
    const rest = group.frames.slice(tracked.length);
    if (from === undefined || rest.length === 0) return tracked;
    const to = (await next?.tracked)?.[0];
    const there = rest.map(({ timeMs }) => peopleBetween(from, to, timeMs));
    const boxes = there.map((inFrame) => inFrame.map(({ box }) => box));
    const reply = await ask({ kind: 'pose', images: group.images.slice(tracked.length), boxes }, signal);
    const between = rest.map((frame, at): PoseSample => {
      const posed = (there[at] ?? []).map((person, which) => ({
        ...person,
        keypoints: reply.people[at]?.[which]?.keypoints ?? [],
      }));
      const { layout, tracker } = from;
      const own = keypointsBetween(tracker, frame.timeMs, posed);
      const people = posed.map((person, which) => ({ ...person, keypoints: own[which] ?? person.keypoints }));
      return { ...frame, layout, people, started: [], ended: [], tracker };
    });
    return [...tracked, ...between];
  };
  const samples = work();
  hush(samples);
  return samples;
}

/** Who is seen before and after, on the straight way; at the video's end, who was seen before, where they were. */
function peopleBetween(from: PoseSample, to: PoseSample | undefined, timeMs: number): PosePerson[] {
  if (to === undefined) return from.people.map((person) => ({ ...person, isBetween: true as const }));
  const share = (timeMs - from.timeMs) / (to.timeMs - from.timeMs);
  return from.people.flatMap((person): PosePerson[] => {
    const later = to.people.find(({ id }) => id === person.id);
    return later ? [{ ...person, box: mixBoxes(person.box, later.box, share), isBetween: true }] : [];
  });
}

function mixBoxes(a: BoundingBox, b: BoundingBox, share: number): BoundingBox {
  const mix = (edge: keyof BoundingBox) => a[edge] + share * (b[edge] - a[edge]);
  return { x_min: mix('x_min'), y_min: mix('y_min'), x_max: mix('x_max'), y_max: mix('y_max') };
}

/** Whoever takes the samples hears of what failed; that nobody waits for a promise yet must not end the process. */
function hush(...promises: readonly Promise<unknown>[]): void {
  for (const promise of promises) promise.catch(() => undefined);
}
