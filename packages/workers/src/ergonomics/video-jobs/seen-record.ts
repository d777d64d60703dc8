import type { SeenSample } from '../../pose/choose-person.ts';
import type { Keypoint } from '../pose/layouts.ts';
import type { SeenMoment } from './people-source.ts';
import type { PosedMoments } from './score-person.ts';

/**
 * What was seen in a video, kept small for as long as it is read: whole numbers of tenths and hundredths of a pixel and of
 * thousandths of confidence, in one block for each segment. An hour of one person takes a few megabytes.
 */
export interface SeenRecord {
  /** Appends a segment whose numbers are rounded so already. */
  add(moments: readonly SeenMoment[]): void;
  readonly moments: number;
  /** All boxes, for choosing a person. */
  samples(): Iterable<SeenSample>;
  trackOf(person: number): SeenTrack;
}

/** One person in every moment; goes to another thread as it is. */
export interface SeenTrack {
  readonly person: number;
  readonly timesMs: Float64Array;
  /** 1 where the person is seen. */
  readonly isSeen: Uint8Array;
  /** Keypoints of one pose. */
  readonly size: number;
  /** x, y and confidence of each keypoint of each moment, in `UNITS`. */
  readonly values: Int32Array;
}

const PIXELS = 100;
const BOX_PIXELS = 10;
const UNITS = [PIXELS, PIXELS, 1000] as const;
const BOX_FIELDS = 5;
/** In the place of a keypoint that was not found. */
const NONE = -(2 ** 31);

interface Segment {
  readonly timesMs: Float64Array;
  /** Where the people of each moment begin, and behind the last one where they end. */
  readonly begins: Uint32Array;
  /** Number and box of each. */
  readonly boxes: Int32Array;
  readonly keypoints: Int32Array;
}

export function createSeenRecord(): SeenRecord {
  const segments: Segment[] = [];
  let size = 0;
  let count = 0;
  return {
    get moments() {
      return count;
    },
    add(moments) {
      size ||= moments.find(({ people }) => people.length > 0)?.people[0]?.keypoints.length ?? 0;
      segments.push(pack(moments, size));
      count += moments.length;
    },
    *samples() {
      for (const segment of segments) yield* samplesOf(segment);
    },
    trackOf(person) {
      const track = {
        ...{ person, size, timesMs: new Float64Array(count), isSeen: new Uint8Array(count) },
        values: new Int32Array(count * size * UNITS.length),
      };
      let at = 0;
      for (const segment of segments) {
        copyPerson(segment, track, at);
        at += segment.timesMs.length;
      }
      return track;
    },
  };
}

/** The track as moments again, one at a time. */
export function momentsOfTrack({ person, timesMs, isSeen, size, values }: SeenTrack): PosedMoments {
  const length = size * UNITS.length;
  return {
    length: timesMs.length,
    *[Symbol.iterator]() {
      for (const [at, timeMs] of timesMs.entries()) {
        const keypoints = isSeen[at] ? unpack(values.subarray(at * length, (at + 1) * length)) : undefined;
        yield { timeMs, people: keypoints ? [{ id: person, keypoints }] : [] };
      }
    },
  };
}

function pack(moments: readonly SeenMoment[], size: number): Segment {
  const people = moments.flatMap((moment) => moment.people);
  const begins = new Uint32Array(moments.length + 1);
  for (const [at, moment] of moments.entries()) begins[at + 1] = (begins[at] ?? 0) + moment.people.length;
  const boxes = new Int32Array(people.length * BOX_FIELDS);
  const keypoints = new Int32Array(people.length * size * UNITS.length).fill(NONE);
  for (const [at, { id, box, keypoints: points }] of people.entries()) {
    const sides = [box.x_min, box.y_min, box.x_max, box.y_max].map((side) => Math.round(side * BOX_PIXELS));
    boxes.set([id, ...sides], at * BOX_FIELDS);
    for (const [index, point] of points.entries()) {
      const place = (at * size + index) * UNITS.length;
      if (point)
        keypoints.set(
          UNITS.map((unit, field) => Math.round((point[field] ?? 1) * unit)),
          place,
        );
    }
  }
  return { timesMs: Float64Array.from(moments, ({ timeMs }) => timeMs), begins, boxes, keypoints };
}

function* samplesOf({ timesMs, begins, boxes }: Segment): Generator<SeenSample> {
  for (const [at, timeMs] of timesMs.entries()) {
    const people: SeenSample['people'][number][] = [];
    for (let one = begins[at] ?? 0; one < (begins[at + 1] ?? 0); one += 1) {
      const [id = 0, ...sides] = boxes.subarray(one * BOX_FIELDS, (one + 1) * BOX_FIELDS);
      const [x_min = 0, y_min = 0, x_max = 0, y_max = 0] = sides.map((side) => side / BOX_PIXELS);
      people.push({ id, box: { x_min, y_min, x_max, y_max } });
    }
    yield { timeMs, people };
  }
}

function copyPerson({ timesMs, begins, boxes, keypoints }: Segment, track: SeenTrack, from: number): void {
  track.timesMs.set(timesMs, from);
  const length = track.size * UNITS.length;
  for (let at = 0; at < timesMs.length; at += 1) {
    for (let one = begins[at] ?? 0; one < (begins[at + 1] ?? 0); one += 1) {
      if (boxes[one * BOX_FIELDS] !== track.person) continue;
      track.isSeen[from + at] = 1;
      track.values.set(keypoints.subarray(one * length, (one + 1) * length), (from + at) * length);
      break;
    }
  }
}

function unpack(values: Int32Array): Keypoint[] {
  const points: Keypoint[] = [];
  for (let at = 0; at < values.length; at += UNITS.length) {
    const isNone = values[at] === NONE;
    points.push(isNone ? null : UNITS.map((unit, field) => (values[at + field] ?? 0) / unit));
  }
  return points;
}
