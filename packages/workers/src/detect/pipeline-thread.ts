import { randomBytes } from 'node:crypto';
import type { Model } from '../engines/models.ts';
import { createOnnxEngine } from '../engines/onnx.ts';
import { serveThread } from '../engines/serve-thread.ts';
import { createPipeline, type DetectRequest, type MeasureRequest } from './pipeline.ts';
import { createRfDetr } from './rf-detr.ts';
import { createSam } from './sam.ts';
import type { DetectSettings } from './settings.ts';

/** Entry of the detect worker's inference threads: loads the models and runs the pipeline on one request at a time. */
export interface PipelineThreadData {
  readonly detector: Model;
  readonly segmenter: Model;
  readonly settings: Pick<DetectSettings, 'numClasses' | 'tileSize' | 'overlap' | 'matching' | 'threads'>;
}

await serveThread(async (data) => {
  const { detector, segmenter, settings } = data as PipelineThreadData;
  const { numClasses, tileSize, overlap, matching, threads } = settings;
  const load = (model: Model, role: string) => createOnnxEngine(model.files[role] ?? '', { threads });
  const pipeline = createPipeline({
    detector: createRfDetr(detector, await load(detector, 'model'), { numClasses }),
    segmenter: createSam(segmenter, await load(segmenter, 'encoder'), await load(segmenter, 'decoder')),
    models: { detector, segmenter },
    tiling: { tileSize, overlap },
    matching,
    randomHex: () => randomBytes(4).toString('hex'),
    now: () => performance.now(),
  });
  return {
    info: {},
    warmUp: (signal) => pipeline.warmUp(signal),
    run: (request, context) => {
      const work = request as DetectRequest | MeasureRequest;
      return work.action === 'measure' ? pipeline.measure(work) : pipeline.detect(work, context);
    },
  };
});
