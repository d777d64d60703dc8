import path from 'node:path';
import { parseArgs } from 'node:util';
import { SCENES, type SceneName } from '../../../packages/workers/test/mannequin/scenes.ts';
import { loopVideo, writeTruth, writeVideo } from '../../../packages/workers/test/mannequin/video.ts';

/**
 * Writes a sample video of drawn people, and what is true of its frames beside it.
 *
 *     node make-video.ts --scene crossing --out crossing.mp4
 *     node make-video.ts --scene lifting --height 480 --minutes 10 --out long.mp4
 */
const { values } = parseArgs({
  options: {
    scene: { type: 'string', default: 'lifting' },
    out: { type: 'string' },
    height: { type: 'string', default: '720' },
    fps: { type: 'string', default: '25' },
    crf: { type: 'string', default: '23' },
    /** Repeats the scene until the video is this long. */
    minutes: { type: 'string' },
  },
});
const { out, scene } = values;
if (out === undefined || !out.endsWith('.mp4')) throw new Error('--out: expected a file that ends on .mp4.');
if (!Object.hasOwn(SCENES, scene)) {
  throw new Error(`--scene: expected ${Object.keys(SCENES).join(', ')}; ${scene} is none of them.`);
}
const heightPx = Number(values.height);
const widthPx = 2 * Math.round((heightPx * 16) / 18);
const once = values.minutes === undefined ? out : `${out}.once.mp4`;
const truth = await writeVideo(once, scene as SceneName, {
  ...{ widthPx, heightPx, framesPerSecond: Number(values.fps), crf: Number(values.crf) },
});
if (values.minutes !== undefined) {
  await loopVideo(once, out, Number(values.minutes) * 60_000);
}
await writeTruth(path.join(path.dirname(out), `${path.basename(out, '.mp4')}.truth.json`), truth);
