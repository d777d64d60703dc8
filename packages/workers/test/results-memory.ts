import { RESULT_FORMATS } from '../src/ergonomics/results/formats.ts';
import { writeResult } from '../src/ergonomics/results/write-result.ts';
import { drawMannequin } from '../src/ergonomics/sequence/mannequin.ts';
import { scorePerson } from '../src/ergonomics/video-jobs/score-person.ts';
import { momentsOfTrack, type SeenTrack } from '../src/ergonomics/video-jobs/seen-record.ts';
import { processSettingsSchema } from '../src/ergonomics/video-jobs/video-input.ts';

/**
 * Prints what the results of videos need of the heap, and of memory beside it, for each number of samples that it is given.
 * Run with `--expose-gc`, in a process of its own: a test runner's own objects would be counted.
 */
const { gc: collect } = globalThis;
if (!collect) throw new Error('results-memory is run with --expose-gc');

function heldBytes(): number {
  // Memory beside the heap is given back by another thread, which the second collection waits for.
  collect?.();
  collect?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const RATE = 6;
const SIZE = 17;

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

export interface Need {
  readonly samples: number;
  /** Between the track and all scores of it. */
  readonly scored: number;
  /** At most, beyond that, while a form is written; of none of them anything is kept. */
  readonly writing: number;
  readonly largestPiece: number;
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
  let [most, pieces, largestPiece] = [after, 0, 0];
  for (const format of LONG_FORMS) {
    for (const piece of await writeResult(format, scored.result)) {
      if (pieces++ % 100 === 0) most = Math.max(most, heldBytes());
      largestPiece = Math.max(largestPiece, piece.length);
    }
  }
  // The track is held until here: what the system gives back of it is none of the forms' merit.
  return { samples: track.timesMs.length, scored: after - before, writing: most - after, largestPiece };
}

const needs: Need[] = [];
for (const samples of process.argv.slice(2)) needs.push(await measure(Number(samples)));
process.stdout.write(JSON.stringify(needs));
