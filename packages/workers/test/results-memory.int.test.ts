import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { RESULT_FORMATS } from '../src/ergonomics/results/formats.ts';
import { writeResult } from '../src/ergonomics/results/write-result.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import { scorePerson } from '../src/ergonomics/video-jobs/score-person.ts';
import { momentsOfTrack, type SeenTrack } from '../src/ergonomics/video-jobs/seen-record.ts';
import { processSettingsSchema } from '../src/ergonomics/video-jobs/video-input.ts';

/** What the results of a video need of the heap, and of memory beside it, as long as the video may be. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const RATE = 6;
const SIZE = 17;
const [SHORT, LONG] = [250, 5_000];

/** Somebody who bends and lifts without an end, and is out of sight now and then. */
function trackOf(samples: number): SeenTrack {
  const track = {
    ...{ person: 1, size: SIZE, timesMs: new Float64Array(samples), isSeen: new Uint8Array(samples) },
    values: new Int32Array(samples * SIZE * 3),
  };
  for (let at = 0; at < samples; at += 1) {
    const t = at / RATE;
    const [slow, fast] = [Math.sin(t / 7), Math.sin(t / 2)];
    const arms = { leftArm: 40 + 50 * fast, rightArm: 45 + 60 * slow, elbow: 60 };
    const points = drawMannequin({ trunk: 30 + 35 * slow, neck: 10 + 15 * fast, knee: 20, ...arms });
    track.timesMs[at] = t * 1000;
    track.isSeen[at] = at % 100 < 95 ? 1 : 0;
    for (const [index, point] of points.entries()) {
      const [x = 0, y = 0] = point ?? [];
      track.values.set([Math.round(x * 100), Math.round(y * 100), 950], (at * SIZE + index) * 3);
    }
  }
  return track;
}

interface Need {
  /** Between the track and all scores of it. */
  readonly scored: number;
  /** At most, beyond that, while a form is written; of none of them anything is kept. */
  readonly writing: number;
}

/** Forms that hold every sample. */
const LONG_FORMS = [
  'json',
  ...RESULT_FORMATS.filter((format) => !['html', 'pdf', 'xlsx'].includes(format)),
] as const;

async function measure(samples: number): Promise<Need> {
  const track = trackOf(samples);
  const before = heldBytes();
  const scored = scorePerson(momentsOfTrack(track), 1, 'coco17', processSettingsSchema.parse({}), []);
  const after = heldBytes();
  let [most, pieces] = [after, 0];
  for (const format of LONG_FORMS) {
    for (const piece of await writeResult(format, scored.result)) {
      if (pieces++ % 100 === 0) most = Math.max(most, heldBytes());
      expect(piece.length).toBeLessThan(300_000);
    }
  }
  expect(scored.sequence.samples).toHaveLength(samples);
  return { scored: after - before, writing: most - after };
}

test('twenty times the samples need a kilobyte for each, and no more than before while results are written', async () => {
  // What is loaded and compiled by the first is none of its results.
  await measure(SHORT);
  const [short, long] = [await measure(SHORT), await measure(LONG)];
  expect((long.scored - short.scored) / (LONG - SHORT)).toBeLessThan(1024);
  expect(Math.max(short.writing, long.writing)).toBeLessThan(1_000_000);
});
