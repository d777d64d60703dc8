import { intersectionArea, intersectionOverUnion } from '../../detect/box.ts';
import type { BoundingBox } from '../../media/raster.ts';
import type { Look } from '../appearance.ts';
import type { PoseKeypoint } from '../pose-estimator.ts';
import { assign } from './assignment.ts';
import type { Find } from './tracker.ts';

/**
 * Scenes of people who walk about, to measure the tracker on: what a detector would find of them (boxes that tremble,
 * people who are hidden behind others, misses, finds of nobody), how they look there, and who they really are.
 */
export interface Walker {
  /** Where they stand and how tall they look, pixels; undefined while they are out of the picture. */
  at(seconds: number): { x: number; y: number; height: number } | undefined;
  /** What they wear, 0 to 63 for trunk and legs. */
  readonly wears: readonly [trunk: number, legs: number];
}

export interface SceneSample {
  readonly timeMs: number;
  readonly finds: readonly Find[];
  /** Box of each walker who can be seen at least half. */
  readonly truth: ReadonlyMap<number, BoundingBox>;
}

export interface SceneOptions {
  readonly walkers: readonly Walker[];
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly seed: number;
  /** Whether finds carry keypoints and colours. */
  readonly hasCues?: boolean;
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MISSED = 0.03;
const FALSE_FINDS = 0.01;
const HIDDEN = 0.35;
const HALF = 0.5;

export function simulate(options: SceneOptions): SceneSample[] {
  const { seconds, samplesPerSecond, seed } = options;
  const random = createRandom(seed);
  const samples: SceneSample[] = [];
  for (let at = 0; at < seconds * samplesPerSecond; at++) {
    const time = at / samplesPerSecond;
    samples.push({ timeMs: Math.round(time * 1000), ...sampleAt(options, time, random) });
  }
  return samples;
}

function sampleAt({ walkers, hasCues = true }: SceneOptions, time: number, random: () => number) {
  const finds: Find[] = [];
  const truth = new Map<number, BoundingBox>();
  const boxes = walkers.map((walker) => boxAt(walker, time));
  for (const [index, walker] of walkers.entries()) {
    const box = boxes[index];
    if (box === undefined) continue;
    const { covered, by } = coverOf(boxes, index);
    if (1 - covered >= HALF) truth.set(index, box);
    if (1 - covered < HIDDEN || random() < MISSED) continue;
    const score = covered > 0.4 ? 0.25 + 0.3 * random() : 0.65 + 0.3 * random();
    const seen = tremble(box, random);
    // A covered person's trunk shows their coverer's colours, and their pose may be the coverer's.
    const coverer = by === undefined ? undefined : (walkers[by] as Walker);
    const poseBox = covered > 0.5 && by !== undefined && random() < 0.4 ? (boxes[by] as BoundingBox) : box;
    const cues = hasCues
      ? { look: lookOf(walker, coverer, covered, random), keypoints: poseOf(poseBox, time + index, random) }
      : {};
    finds.push({ box: seen, score, ...cues });
  }
  if (random() < FALSE_FINDS) {
    const [x, y] = [random() * 1100, 200 + random() * 200];
    finds.push({ box: { x_min: x, y_min: y, x_max: x + 70, y_max: y + 200 }, score: 0.5 + 0.2 * random() });
  }
  return { finds, truth };
}

function boxAt(walker: Walker, time: number): BoundingBox | undefined {
  const place = walker.at(time);
  if (place === undefined) return undefined;
  const width = place.height * (0.32 + 0.08 * Math.sin(time * 6));
  return {
    x_min: place.x - width / 2,
    x_max: place.x + width / 2,
    y_min: place.y - place.height,
    y_max: place.y,
  };
}

/** How much of a person others hide who stand nearer, that is lower in the picture. */
function coverOf(boxes: readonly (BoundingBox | undefined)[], index: number) {
  const own = boxes[index] as BoundingBox;
  const area = (own.x_max - own.x_min) * (own.y_max - own.y_min);
  let covered = 0;
  let by: number | undefined;
  for (const [other, box] of boxes.entries()) {
    if (box === undefined || other === index || box.y_max <= own.y_max) continue;
    const share = intersectionArea(own, box) / area;
    if (share > covered) [covered, by] = [share, other];
  }
  return { covered, by };
}

function tremble(box: BoundingBox, random: () => number): BoundingBox {
  const noise = () => (random() + random() + random() - 1.5) * 0.04 * (box.y_max - box.y_min);
  return {
    x_min: box.x_min + noise(),
    x_max: box.x_max + noise(),
    y_min: box.y_min + noise(),
    y_max: box.y_max + noise(),
  };
}

function lookOf(walker: Walker, coverer: Walker | undefined, covered: number, random: () => number): Look {
  const look = new Array<number>(128).fill(0.05 / 64);
  const add = (half: number, bin: number, share: number) => {
    const at = half * 64 + bin;
    look[at] = (look[at] ?? 0) + share;
  };
  for (const half of [0, 1]) {
    const own = (0.75 + 0.15 * random()) * (1 - covered);
    add(half, walker.wears[half] ?? 0, own);
    if (coverer) add(half, coverer.wears[half] ?? 0, 0.9 * covered);
    const rest = 0.95 - own - (coverer ? 0.9 * covered : 0);
    add(half, Math.floor(random() * 64), Math.max(0, rest));
  }
  return look;
}

function poseOf(box: BoundingBox, phase: number, random: () => number): PoseKeypoint[] {
  const [width, height] = [box.x_max - box.x_min, box.y_max - box.y_min];
  const noise = () => (random() - 0.5) * 0.03 * height;
  return Array.from({ length: 17 }, (_, point) => {
    const swing = point > 8 ? 0.25 * Math.sin(phase * 6 + point) : 0;
    const x = box.x_min + width * (0.5 + (point % 2 === 0 ? 0.2 : -0.2) + swing) + noise();
    return [x, box.y_min + height * (point < 5 ? 0.06 : (point - 3) / 14) + noise(), 0.8];
  });
}

export interface IdentityFigures {
  /** Of the truth's and the tracker's boxes, how many carry the right number throughout (2 IDTP / (truth + found)). */
  readonly idf1: number;
  /** Times that somebody's number changed. */
  readonly switches: number;
}

/** @param followed the tracker's number and box of everybody it reports, for each sample. */
export function judgeIdentities(
  samples: readonly SceneSample[],
  followed: readonly (readonly { id: number; box: BoundingBox }[])[],
): IdentityFigures {
  const matches = new Map<string, number>();
  const last = new Map<number, number>();
  let [truths, founds, switches] = [0, 0, 0];
  for (const [at, { truth }] of samples.entries()) {
    const people = [...truth];
    const mine = followed[at] ?? [];
    truths += people.length;
    founds += mine.length;
    const costs = people.map(([, box]) => mine.map((one) => 1 - intersectionOverUnion(box, one.box)));
    for (const [row, column] of assign(costs, 0.5)) {
      const [walker, id] = [people[row]?.[0] ?? -1, mine[column]?.id ?? -1];
      const key = `${walker} ${id}`;
      matches.set(key, (matches.get(key) ?? 0) + 1);
      if (last.has(walker) && last.get(walker) !== id) switches += 1;
      last.set(walker, id);
    }
  }
  const walkers = [...new Set([...matches.keys()].map((key) => Number(key.split(' ')[0])))];
  const ids = [...new Set([...matches.keys()].map((key) => Number(key.split(' ')[1])))];
  const most = Math.max(1, ...matches.values());
  const costs = walkers.map((walker) => ids.map((id) => 1 - (matches.get(`${walker} ${id}`) ?? 0) / most));
  const right = assign(costs, 1).reduce(
    (sum, [row, column]) => sum + (matches.get(`${walkers[row]} ${ids[column]}`) ?? 0),
    0,
  );
  return { idf1: truths + founds === 0 ? 1 : (2 * right) / (truths + founds), switches };
}
