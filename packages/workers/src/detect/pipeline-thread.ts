import { randomBytes } from 'node:crypto';
import { combineEngineInfo, type EngineInfo } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createOnnxEngine, type OnnxOptions } from '../engines/onnx.ts';
import { serveThread } from '../engines/serve-thread.ts';
import { createPipeline, type DetectRequest, type MeasureRequest } from './pipeline.ts';
import { createRfDetr } from './rf-detr.ts';
import { createSam } from './sam.ts';
import type { DetectSettings } from './settings.ts';

/** Entry of the detect worker's inference threads: loads the models and runs the pipeline on one request at a time. */
export interface PipelineThreadData {
  readonly detector: Model;
  readonly segmenter: Model;
  readonly settings: Pick<DetectSettings, 'numClasses' | 'tileSize' | 'overlap' | 'matching'>;
  readonly engine: OnnxOptions;
}

/** What a thread says of itself when it is ready. */
export interface PipelineThreadInfo {
  /** Of all its models together. */
  readonly engine: EngineInfo;
}

await serveThread(async (data) => {
  const { detector, segmenter, settings, engine } = data as PipelineThreadData;
  const { numClasses, tileSize, overlap, matching } = settings;
  const load = (model: Model, role: string) => createOnnxEngine(model.files[role] ?? '', engine);
  const engines = {
    detector: await load(detector, 'model'),
    encoder: await load(segmenter, 'encoder'),
    decoder: await load(segmenter, 'decoder'),
  };
  const pipeline = createPipeline({
    detector: createRfDetr(detector, engines.detector, { numClasses }),
    segmenter: createSam(segmenter, engines.encoder, engines.decoder),
    models: { detector, segmenter },
    tiling: { tileSize, overlap },
    matching,
    randomHex: () => randomBytes(4).toString('hex'),
    now: () => performance.now(),
  });
  const info: PipelineThreadInfo = {
    engine: combineEngineInfo(Object.values(engines).map((engine) => engine.info)),
  };
  return {
    info,
    warmUp: (signal) => pipeline.warmUp(signal),
    run: (request, context) => {
      const work = request as DetectRequest | MeasureRequest;
      return work.action === 'measure' ? pipeline.measure(work) : pipeline.detect(work, context);
    },
  };
});
