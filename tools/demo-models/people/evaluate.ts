import sharp from 'sharp';
import { BUILT_IN_MODELS } from '../../../packages/workers/src/engines/model-folders.ts';
import { loadModel } from '../../../packages/workers/src/engines/models.ts';
import { createOnnxEngine } from '../../../packages/workers/src/engines/onnx.ts';
import { createPersonDetector } from '../../../packages/workers/src/pose/person-detector.ts';
import { drawRandomPicture } from '../../../packages/workers/test/mannequin/random-picture.ts';

/**
 * Figures of the demo person detector, through the product's own pipeline: drawn people in pictures that were stored as
 * JPEG. Average precision at IoU 0.5, all-point; people of whom less than a quarter is seen neither count nor harm.
 *
 *     node evaluate.ts --count 400
 */
const HELD_OUT = 10_000_000;
const LEAST_SEEN = 0.25;
const count = Number(process.argv[process.argv.indexOf('--count') + 1] ?? 400) || 400;
const model = await loadModel(`${BUILT_IN_MODELS}/demo-person-markers`, ['rf-detr']);
const engine = await createOnnxEngine(model.files.model ?? '', { threads: 1 });
const detector = createPersonDetector(model, engine);

type Box = readonly [left: number, top: number, right: number, bottom: number];

interface Group {
  readonly title: string;
  readonly scores: { readonly score: number; readonly isHit: boolean }[];
  people: number;
}

const groups: Group[] = ['all', 'alone', 'overlapping another', 'lower than a quarter of the picture'].map(
  (title) => ({ title, scores: [], people: 0 }),
);
const [all, alone, overlapping, small] = groups as [Group, Group, Group, Group];

function iou(a: Box, b: Box): number {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const both = Math.max(0, wide) * Math.max(0, high);
  const area = ([left, top, right, bottom]: Box) => (right - left) * (bottom - top);
  return both / (area(a) + area(b) - both);
}

for (let seed = HELD_OUT; seed < HELD_OUT + count; seed++) {
  const { canvas, people } = drawRandomPicture(seed, 2);
  const { widthPx: width, heightPx: height, rgb } = canvas;
  const stored = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
  const data = new Uint8Array(await sharp(stored).raw().toBuffer());
  const found = await detector.find({ width, height, data }, { threshold: 0.01, maxPeople: 100 });
  const left = people.map((person) => {
    const { box } = person;
    const others = people.filter((other) => other !== person);
    const isAlone = others.every((other) => iou(other.box, box) === 0);
    const isSmall = box[3] - box[1] < height / 4;
    const memberOf = [all, isAlone ? alone : overlapping, ...(isSmall ? [small] : [])];
    return { box, memberOf: person.seen < LEAST_SEEN ? [] : memberOf };
  });
  for (const { memberOf } of left) for (const group of memberOf) group.people++;
  for (const { box, score } of found) {
    const place: Box = [box.x_min, box.y_min, box.x_max, box.y_max];
    const best = left.toSorted((a, b) => iou(b.box, place) - iou(a.box, place))[0];
    const isHit = best !== undefined && iou(best.box, place) >= 0.5;
    if (isHit) left.splice(left.indexOf(best), 1);
    // What finds nobody counts against every group.
    for (const group of isHit ? best.memberOf : groups) group.scores.push({ score, isHit });
  }
}

for (const { title, scores, people } of groups) {
  scores.sort((a, b) => b.score - a.score);
  const sure = scores.filter(({ score }) => score >= 0.5);
  const hits = sure.filter(({ isHit }) => isHit).length;
  console.log(
    `${title}: ${people} people, AP50 ${averagePrecision(scores, people).toFixed(3)}; at score 0.5 ` +
      `precision ${(hits / Math.max(1, sure.length)).toFixed(3)}, recall ${(hits / Math.max(1, people)).toFixed(3)}`,
  );
}
await detector.dispose();

function averagePrecision(scores: Group['scores'], people: number): number {
  let hits = 0;
  const precisions = scores.map(({ isHit }, index) => {
    if (isHit) hits++;
    return hits / (index + 1);
  });
  let [sum, best] = [0, 0];
  for (let index = scores.length - 1; index >= 0; index--) {
    best = Math.max(best, precisions[index] ?? 0);
    if (scores[index]?.isHit) sum += best;
  }
  return sum / Math.max(1, people);
}
