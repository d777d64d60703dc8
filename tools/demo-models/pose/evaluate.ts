import sharp from 'sharp';
import { BUILT_IN_MODELS } from '../../../packages/workers/src/engines/model-folders.ts';
import { loadModel } from '../../../packages/workers/src/engines/models.ts';
import { createOnnxEngine } from '../../../packages/workers/src/engines/onnx.ts';
import { measurePicture } from '../../../packages/workers/src/ergonomics/pose/angles-2d.ts';
import { readPose } from '../../../packages/workers/src/ergonomics/pose/layouts.ts';
import { createPoseEstimator } from '../../../packages/workers/src/pose/pose-estimator.ts';
import { drawRandomPicture } from '../../../packages/workers/test/mannequin/random-picture.ts';
import type { PersonTruth } from '../../../packages/workers/test/mannequin/truth.ts';

/**
 * Figures of the demo pose model, through the product's own pipeline: drawn people in pictures that were stored as JPEG,
 * each cut out by its true box. Errors of keypoints are shares of a person's length on its longer side; markers that are
 * hidden by more than half are left out, but count where an angle rests on them and the model believes in them.
 *
 *     node evaluate.ts --count 400
 */
const HELD_OUT = 10_000_000;
const count = Number(process.argv[process.argv.indexOf('--count') + 1] ?? 400) || 400;
const model = await loadModel(`${BUILT_IN_MODELS}/demo-vitpose-markers`, ['vitpose']);
const engine = await createOnnxEngine(model.files.model ?? '', { threads: 1 });
const estimator = createPoseEstimator(model, engine);

interface Group {
  readonly title: string;
  readonly holds: (person: PersonTruth, isAlone: boolean) => boolean;
  readonly errors: number[];
  readonly angles: number[];
  people: number;
  missed: number;
  anglesWanted: number;
}

const longSide = ({ box: [left, top, right, bottom] }: PersonTruth) => Math.max(right - left, bottom - top);
const group = (title: string, holds: Group['holds']): Group => ({
  ...{ title, holds, errors: [], angles: [] },
  ...{ people: 0, missed: 0, anglesWanted: 0 },
});
const isWhole = (person: PersonTruth, isAlone: boolean) => isAlone && person.seen === 1;
const groups = [
  group('alone, 250 px and more', (person, isAlone) => isWhole(person, isAlone) && longSide(person) >= 250),
  group(
    'alone, 120 to 250 px',
    (person, isAlone) => isWhole(person, isAlone) && longSide(person) >= 120 && longSide(person) < 250,
  ),
  group(
    'with others near, 120 px and more',
    (person, isAlone) => !isAlone && person.seen > 0.5 && longSide(person) >= 120,
  ),
];

for (let seed = HELD_OUT; seed < HELD_OUT + count; seed++) {
  const { canvas, people } = drawRandomPicture(seed, 2);
  const { widthPx: width, heightPx: height, rgb } = canvas;
  const stored = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
  const data = new Uint8Array(await sharp(stored).raw().toBuffer());
  const pictures = people.map(({ box: [x_min, y_min, x_max, y_max] }) => ({
    image: { width, height, data },
    box: { x_min, y_min, x_max, y_max },
  }));
  const estimates = await estimator.estimate(pictures);
  for (const [index, person] of people.entries()) {
    const isInside = person.keypoints.every(([x, y]) => x > 0 && y > 0 && x < width - 1 && y < height - 1);
    const found = groups.find(({ holds }) => isInside && holds(person, people.length === 1));
    if (found) judge(found, person, estimates[index]?.keypoints ?? []);
  }
}

function judge(
  into: Group,
  person: PersonTruth,
  found: readonly (readonly [number, number, number])[],
): void {
  into.people++;
  for (const [index, [x, y, seen]] of person.keypoints.entries()) {
    const [foundX = 0, foundY = 0, confidence = 0] = found[index] ?? [];
    if (seen < 0.5) continue;
    if (confidence < 0.3) into.missed++;
    into.errors.push(
      confidence < 0.3 ? Number.POSITIVE_INFINITY : Math.hypot(foundX - x, foundY - y) / longSide(person),
    );
  }
  const read = (points: readonly (readonly number[])[]) => {
    const pose = readPose('coco17', points, { minConfidence: 0.3, is3d: false });
    return measurePicture(pose, person.view, person.facing === -1 ? -1 : 1);
  };
  const measured = read(found);
  const { left, right, ...trunk } = person.angles;
  const sides = [
    [trunk, measured],
    [left, measured.left],
    [right, measured.right],
  ] as const;
  for (const [truth, angles] of sides) {
    for (const [name, degrees] of Object.entries(truth)) {
      into.anglesWanted++;
      const value = (angles as Record<string, { degrees: number } | undefined>)[name];
      if (value) into.angles.push(Math.abs(value.degrees - degrees));
    }
  }
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;

for (const { title, errors, angles, people, missed, anglesWanted } of groups) {
  const within = errors.filter((error) => error <= 0.02).length / errors.length;
  console.log(
    `${title}: ${people} people, ${errors.length} markers (${missed} not found), within 2 % ${within.toFixed(4)}, ` +
      `median ${(100 * quantile(errors, 0.5)).toFixed(2)} %; ${angles.length} of ${anglesWanted} angles, ` +
      `median ${quantile(angles, 0.5).toFixed(2)}°, p95 ${quantile(angles, 0.95).toFixed(2)}°, p99 ${quantile(angles, 0.99).toFixed(2)}°`,
  );
}
await estimator.dispose();
