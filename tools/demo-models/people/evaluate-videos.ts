import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BodyAngles } from '../../../packages/workers/src/ergonomics/pose/body-angles.ts';
import { readPose } from '../../../packages/workers/src/ergonomics/pose/layouts.ts';
import { type Reading, readAngles } from '../../../packages/workers/src/ergonomics/pose/read-angles.ts';
import { scorePose } from '../../../packages/workers/src/ergonomics/pose/score-pose.ts';
import { createPosePeople } from '../../../packages/workers/src/ergonomics/pose-people.ts';
import type {
  PeopleSource,
  SeenMoment,
} from '../../../packages/workers/src/ergonomics/video-jobs/people-source.ts';
import { QUALITIES } from '../../../packages/workers/src/ergonomics/video-jobs/quality.ts';
import { scorePerson } from '../../../packages/workers/src/ergonomics/video-jobs/score-person.ts';
import {
  type ProcessSettings,
  processSettingsSchema,
} from '../../../packages/workers/src/ergonomics/video-jobs/video-input.ts';
import { choosePerson } from '../../../packages/workers/src/pose/choose-person.ts';
import { SCENES, type SceneName } from '../../../packages/workers/test/mannequin/scenes.ts';
import type { PersonTruth } from '../../../packages/workers/test/mannequin/truth.ts';
import {
  HD,
  type TruthFrame,
  type VideoTruth,
  writeVideo,
} from '../../../packages/workers/test/mannequin/video.ts';

/**
 * What becomes of known postures on the way through an H.264 file, the demo models and the worker's own pipeline: error of
 * joint angles, and in how many samples RULA and REBA are those of the true points. Samples near the edge of a band are
 * left out of the scores: those whose true score changes when one angle, or all of them, are moved by two degrees.
 *
 *     node evaluate-videos.ts --scene lifting --scene crossing
 */
const NEAR_EDGE_DEG = 2;
const { values } = parseArgs({
  options: { scene: { type: 'string', multiple: true }, quality: { type: 'string', default: 'medium' } },
});
const wanted = (values.scene ?? ['lifting', 'crossing', 'leaving']) as SceneName[];
const unknown = wanted.find((scene) => !Object.hasOwn(SCENES, scene));
if (unknown) throw new Error(`--scene: expected ${Object.keys(SCENES).join(', ')}; got ${unknown}.`);
const quality = QUALITIES[values.quality as keyof typeof QUALITIES];
if (!quality) throw new Error(`--quality: expected ${Object.keys(QUALITIES).join(', ')}.`);

const settings: ProcessSettings = processSettingsSchema.parse({});
const rule = { minConfidence: settings.settings.min_confidence, is3d: false };
const folder = await mkdtemp(path.join(os.tmpdir(), 'mannequin-'));
const pose = createPosePeople(process.env, console.warn);
try {
  const people = await pose.load();
  for (const scene of wanted) {
    const file = path.join(folder, `${scene}.mp4`);
    const truth = await writeVideo(file, scene, HD);
    await judge(people, file, truth);
  }
} finally {
  await pose.stop();
  await rm(folder, { recursive: true });
}

async function judge(source: PeopleSource, file: string, truth: VideoTruth): Promise<void> {
  const { signal } = new AbortController();
  const video = await source.open(file, quality, signal);
  const moments: SeenMoment[] = [];
  for await (const moment of video.read(0, undefined, signal)) moments.push(moment);
  const { id } = choosePerson(moments, 'longest');
  const { sequence } = scorePerson(moments, id, 'coco17', settings, source.models);
  const scale = truth.width_px / video.widthPx;
  const errors: number[] = [];
  const scores = { samples: 0, partial: 0, rula: 0, reba: 0 };
  let compared = 0;
  let notSeen = 0;
  for (const [at, sample] of [...sequence.samples].entries()) {
    const frame = frameAt(truth, sample.t);
    const seen = moments[at]?.people.find((person) => person.id === id);
    const person = frame && nearest(frame.people, seen?.box, scale);
    if (!person) continue;
    const told = sample.reading.angles.trunk_flexion;
    if (!told) {
      notSeen += 1;
      continue;
    }
    compared += 1;
    errors.push(...errorsOf(sample.reading.angles, person));
    judgeScores(sample.reading, person, scores);
  }
  errors.sort((a, b) => a - b);
  const quantile = (q: number) => (errors[Math.floor(q * (errors.length - 1))] ?? Number.NaN).toFixed(2);
  const share = (hits: number) => `${((100 * hits) / Math.max(1, scores.samples)).toFixed(1)} %`;
  console.log(
    `${truth.scene}: ${compared} samples compared, ${notSeen} without a trunk, numbers given ${new Set(moments.flatMap((one) => one.people.map((person) => person.id))).size}\n` +
      `  angles: median ${quantile(0.5)}, p95 ${quantile(0.95)}, worst ${quantile(1)} degrees (${errors.length})\n` +
      `  away from edges (${scores.samples} sides, ${scores.partial} more that say they are partial): RULA equal ${share(scores.rula)}, REBA equal ${share(scores.reba)}`,
  );
}

function frameAt({ frames, frames_per_second: rate }: VideoTruth, t: number): TruthFrame | undefined {
  return frames[Math.round(t * rate)];
}

/** The one whom the tracked box means; nobody where nobody was followed. */
function nearest(
  people: readonly PersonTruth[],
  box: { x_min: number; x_max: number } | undefined,
  scale: number,
): PersonTruth | undefined {
  if (!box) return undefined;
  const x = ((box.x_min + box.x_max) / 2) * scale;
  const away = ({ box: [left, , right] }: PersonTruth) => Math.abs((left + right) / 2 - x);
  return people.toSorted((a, b) => away(a) - away(b))[0];
}

function errorsOf(found: BodyAngles, { angles }: PersonTruth): number[] {
  const pairs = [
    [found.trunk_flexion, angles.trunk_flexion],
    [found.neck_flexion, angles.neck_flexion],
    ...(['left', 'right'] as const).flatMap((side) => [
      [found[side].upper_arm_flexion, angles[side].upper_arm_flexion] as const,
      [found[side].lower_arm_flexion, angles[side].lower_arm_flexion] as const,
      [found[side].knee_flexion, angles[side].knee_flexion] as const,
    ]),
  ] as const;
  return pairs.flatMap(([one, two]) =>
    one && two !== undefined ? [Math.abs(((one.degrees - two + 540) % 360) - 180)] : [],
  );
}

function judgeScores(
  found: Reading,
  person: PersonTruth,
  scores: { samples: number; partial: number; rula: number; reba: number },
): void {
  const points = person.keypoints.map(([x, y]) => [x, y, 1] as const);
  const truth = readAngles(readPose('coco17', points, rule), settings.settings, false);
  const scored = (reading: Reading) =>
    scorePose(reading, { static: false, repeated: false, rapid: false }, settings.settings).sides;
  const [own, theirs] = [scored(found), scored(truth)];
  const moved = nearby(truth).map(scored);
  for (const side of ['left', 'right'] as const) {
    const { rula, reba } = theirs[side];
    const isNearEdge = moved.some(
      (one) => one[side].rula?.grand !== rula?.grand || one[side].reba?.final !== reba?.final,
    );
    if (isNearEdge) continue;
    // A hand behind the body is not seen by the camera: such a score says that it is partial.
    if (own[side].missing.length > 0) {
      scores.partial += 1;
      continue;
    }
    scores.samples += 1;
    if (own[side].rula?.grand === rula?.grand) scores.rula += 1;
    if (own[side].reba?.final === reba?.final) scores.reba += 1;
  }
}

/** The reading with one angle, and with all of them, moved a little. */
function nearby(reading: Reading): Reading[] {
  const names = ['trunk_flexion', 'neck_flexion'] as const;
  const parts = ['upper_arm_flexion', 'lower_arm_flexion', 'knee_flexion'] as const;
  const move = (by: number, only?: string): Reading => {
    const { angles } = reading;
    const shift = <T extends { degrees: number } | undefined>(name: string, angle: T): T =>
      angle && (only === undefined || only === name) ? { ...angle, degrees: angle.degrees + by } : angle;
    const sideOf = (side: 'left' | 'right') => ({
      ...angles[side],
      ...Object.fromEntries(parts.map((part) => [part, shift(part, angles[side][part])])),
    });
    return {
      ...reading,
      angles: {
        ...angles,
        ...Object.fromEntries(names.map((name) => [name, shift(name, angles[name])])),
        ...{ left: sideOf('left'), right: sideOf('right') },
      },
    };
  };
  return [-NEAR_EDGE_DEG, NEAR_EDGE_DEG].flatMap((by) => [
    move(by),
    ...[...names, ...parts].map((name) => move(by, name)),
  ]);
}
