import { type Light, PLAIN_LIGHT } from './camera.ts';
import type { PlacedPerson } from './draw-people.ts';
import type { Posture } from './figure.ts';
import { FRONT_POSES, facing, lengthOf, POSES, poseAt, type Step, WALKING_SPEED, walkAt } from './motion.ts';
import type { Clothes } from './person.ts';

/** The sample videos: who is where in which posture when. Each ends as it began, so that it can be looped. */
export interface Scene {
  readonly durationMs: number;
  readonly seed: number;
  /** @param size of the picture. */
  peopleAt(timeMs: number, size: PictureSize): readonly PlacedPerson[];
  lightAt(timeMs: number): Light;
}

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

const BLUE: Clothes = { skin: [214, 176, 150], top: [148, 164, 190], legs: [104, 112, 126] };
const SAND: Clothes = { skin: [170, 132, 110], top: [196, 184, 158], legs: [132, 120, 112] };

const LIFTING: readonly Step[] = [
  { pose: POSES.stand, holdMs: 900, moveMs: 900 },
  { pose: POSES.squat, holdMs: 700, moveMs: 1000 },
  { pose: POSES.hold, holdMs: 700, moveMs: 900 },
  { pose: POSES.overhead, holdMs: 800, moveMs: 900 },
  { pose: POSES.hold, holdMs: 400, moveMs: 700 },
  { pose: POSES.bench, holdMs: 1500, moveMs: 700 },
  { pose: POSES.reach, holdMs: 700, moveMs: 1000 },
  { pose: POSES.stoop, holdMs: 900, moveMs: 1300 },
];

const SIDEWAYS: readonly Step[] = [
  { pose: FRONT_POSES.stand, holdMs: 800, moveMs: 800 },
  { pose: FRONT_POSES.tee, holdMs: 700, moveMs: 800 },
  { pose: FRONT_POSES.leanLeft, holdMs: 800, moveMs: 1000 },
  { pose: FRONT_POSES.leanRight, holdMs: 800, moveMs: 900 },
  { pose: FRONT_POSES.armsUp, holdMs: 700, moveMs: 700 },
];

/** Lamps that swell and fade slowly, and a camera with some noise. */
const lamps =
  (durationMs: number) =>
  (timeMs: number): Light => {
    const turn = (timeMs / durationMs) * 2 * Math.PI;
    return {
      gain: 1 - 0.08 * Math.sin(2 * turn) - 0.05 * (1 - Math.cos(turn)),
      tint: [1 + 0.02 * Math.sin(turn), 1, 1 - 0.02 * Math.sin(turn)],
      slope: [0.12 * Math.sin(turn), 0.06],
      noise: 1.5,
    };
  };

function person(
  id: number,
  clothes: Clothes,
  posture: Posture,
  at: readonly [number, number, number],
  { widthPx, heightPx }: PictureSize,
): PlacedPerson {
  const [x, groundY, height] = at;
  const place = { x: x * widthPx, groundY: groundY * heightPx, heightPx: height * heightPx };
  return { id, clothes, posture, place };
}

/** One person lifts, holds, reaches and bends, seen from the side. */
const lifting: Scene = {
  durationMs: lengthOf(LIFTING),
  seed: 21,
  peopleAt: (timeMs, size) => [
    person(1, BLUE, facing(poseAt(LIFTING, timeMs), 'side', 1), [0.44, 0.95, 0.78], size),
  ],
  lightAt: lamps(lengthOf(LIFTING)),
};

/** One person bends to the side and lifts the arms, seen from the front. */
const front: Scene = {
  durationMs: lengthOf(SIDEWAYS),
  seed: 22,
  peopleAt: (timeMs, size) => [
    person(1, SAND, facing(poseAt(SIDEWAYS, timeMs), 'front', 1), [0.5, 0.95, 0.72], size),
  ],
  lightAt: lamps(lengthOf(SIDEWAYS)),
};

/** There and back between two places; at each end the person turns round and works for a while. */
interface Round {
  readonly from: number;
  readonly to: number;
  readonly walkMs: number;
  readonly workMs: number;
}

/** Where along the round somebody is, 0 to 1, walking or at work, and looking which way. */
function roundAt({ from, to, walkMs, workMs }: Round, timeMs: number) {
  const half = walkMs + workMs;
  const time = timeMs % (2 * half);
  const isBack = time >= half;
  const [start, end] = isBack ? [to, from] : [from, to];
  const part = Math.min(1, (time % half) / walkMs);
  const direction: 1 | -1 = end > start ? 1 : -1;
  const works: readonly Step[] = [
    { pose: POSES.stand, holdMs: 0, moveMs: workMs / 4 },
    { pose: isBack ? POSES.stoop : POSES.bench, holdMs: workMs / 2, moveMs: workMs / 4 },
  ];
  const isAtWork = time % half >= walkMs;
  const pose = isAtWork ? poseAt(works, (time % half) - walkMs) : walkAt(time % half);
  return { x: start + (end - start) * part, posture: facing(pose, 'side', direction) };
}

const CROSSING_MS = { walkMs: 4200, workMs: 2800 };

/** Two people change places twice: the nearer one hides the other while they pass. */
const crossing: Scene = {
  durationMs: 2 * (CROSSING_MS.walkMs + CROSSING_MS.workMs),
  seed: 23,
  peopleAt(timeMs, size) {
    const first = roundAt({ from: 0.2, to: 0.8, ...CROSSING_MS }, timeMs);
    const second = roundAt({ from: 0.78, to: 0.22, ...CROSSING_MS }, timeMs);
    return [
      person(1, BLUE, first.posture, [first.x, 0.96, 0.7], size),
      person(2, SAND, second.posture, [second.x, 0.88, 0.62], size),
    ];
  },
  lightAt: lamps(14_000),
};

const LEAVING = { workMs: 3000, walkMs: 4000, awayMs: 2000, height: 0.72 };

/** One person works, walks out of the picture, stays away for two seconds and comes back. */
const leaving: Scene = {
  durationMs: 2 * LEAVING.workMs + 2 * LEAVING.walkMs + LEAVING.awayMs,
  seed: 24,
  peopleAt(timeMs, size) {
    const { workMs, walkMs, awayMs, height } = LEAVING;
    const reach = (WALKING_SPEED * height * size.heightPx * walkMs) / 1000 / size.widthPx;
    const home = 1.16 - reach;
    const time = timeMs % leaving.durationMs;
    const isBack = time >= workMs + walkMs + awayMs;
    const walked = isBack ? time - workMs - walkMs - awayMs : time - workMs;
    const at = (x: number, posture: Posture) => [person(1, BLUE, posture, [x, 0.95, height], size)];
    if (walked >= 0 && walked < walkMs) {
      const x = home + reach * (isBack ? 1 - walked / walkMs : walked / walkMs);
      return at(x, facing(walkAt(walked), 'side', isBack ? -1 : 1));
    }
    if (walked >= 0 && !isBack) return [];
    const [begins, steps] = isBack
      ? [workMs + 2 * walkMs + awayMs, work(POSES.stoop, workMs)]
      : [0, work(POSES.reach, workMs)];
    return at(home, facing(poseAt(steps, time - begins), 'side', isBack ? -1 : 1));
  },
  lightAt: lamps(16_000),
};

const work = (pose: Step['pose'], workMs: number): readonly Step[] => [
  { pose: POSES.stand, holdMs: 0, moveMs: workMs / 4 },
  { pose, holdMs: workMs / 2, moveMs: workMs / 4 },
];

/** An empty room. */
const empty: Scene = { durationMs: 4000, seed: 25, peopleAt: () => [], lightAt: () => PLAIN_LIGHT };

export const SCENES = { lifting, front, crossing, leaving, empty } as const satisfies Record<string, Scene>;
export type SceneName = keyof typeof SCENES;
