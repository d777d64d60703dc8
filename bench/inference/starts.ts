import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { median } from '../figures.ts';
import { measureOneStart } from '../first-result.ts';
import type { Part } from '../jobs/scenario.ts';
import { round } from '../jobs/scenario.ts';
import type { Stage } from '../jobs/stage.ts';
import type { InferenceEffort } from './effort.ts';
import { startOpenClipOnce } from './open-clip.ts';
import type { InferenceSite } from './site.ts';
import { measureUndisturbed } from './undisturbed.ts';

/**
 * From starting the process to the first embedding, ours and Python's in turns, all files in the page cache: the worker
 * with the vision tower alone (351 MB), and with both towers, which is also what open_clip loads.
 */
export async function measureStarts({
  stage,
  site,
  effort,
}: {
  readonly stage: Stage;
  readonly site: InferenceSite;
  readonly effort: InferenceEffort;
}): Promise<Part> {
  const visionOnly = withoutText(stage, site.float32);
  const [name = ''] = readdirSync(site.pictures);
  const picture = path.join(site.pictures, name);
  const image = readFileSync(picture).toString('base64');
  const start = (model: string) =>
    measureOneStart({
      worker: 'clip',
      env: { CLIP_MODEL: model, EMBEDDING_AUTH: 'off', ONNX_PROVIDER: 'cpu' },
      input: { image },
    });
  const times = { vision: [] as number[], both: [] as number[], torch: [] as number[] };
  // The first ones fill the page cache and the caches of compiled code.
  await start(site.float32);
  await start(visionOnly);
  await startOpenClipOnce(site, picture);
  const calm = async (measure: () => Promise<number>) => (await measureUndisturbed([], measure)).value;
  for (let turn = 0; turn < effort.starts; turn += 1) {
    times.vision.push(await calm(() => start(visionOnly)));
    times.both.push(await calm(() => start(site.float32)));
    if (turn < effort.pythonStarts) times.torch.push(await calm(() => startOpenClipOnce(site, picture)));
  }
  const [vision, both, torch] = [median(times.vision), median(times.both), median(times.torch)];
  const coldStartVsTorch = round(torch / both);
  const megabytes = Math.round(statSync(path.join(visionOnly, 'onnx/vision_model.onnx')).size / 1e6);
  return {
    ratios: { coldStartVsTorch },
    figures: {
      spawnToFirstEmbeddingMs: {
        visionTower: summary(times.vision),
        bothTowers: summary(times.both),
        openClip: summary(times.torch),
      },
    },
    rows: [
      [`start to first embedding, ${megabytes} MB`, `${describe(times.vision)} (aim: 600 ms at most)`],
      ['start to first embedding, both towers', describe(times.both)],
      ['start to first embedding, open_clip on torch', describe(times.torch)],
      [
        'coldStartVsTorch',
        `${coldStartVsTorch} (aim: 8 or more; vision tower alone: ${round(torch / vision)})`,
      ],
    ],
  };
}

/** The same model without its text tower. */
function withoutText(stage: Stage, model: string): string {
  const folder = path.join(stage.folder(), 'clip-vision');
  mkdirSync(path.join(folder, 'onnx'), { recursive: true });
  const files = [
    ...readdirSync(model).filter((name) => /config\.json$/.test(name)),
    'onnx/vision_model.onnx',
  ];
  for (const file of files) symlinkSync(path.join(model, file), path.join(folder, file));
  return folder;
}

const summary = (times: readonly number[]) => ({
  p50: round(median(times)),
  worst: round(Math.max(...times)),
});

function describe(times: readonly number[]): string {
  const [best, worst] = [Math.min(...times), Math.max(...times)].map(Math.round);
  return `${Math.round(median(times))} ms (${best} to ${worst}, median of ${times.length})`;
}
