import { randomBytes } from 'node:crypto';
import { combineEngineInfo, type EngineInfo } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createOnnxEngine, type OnnxOptions } from '../engines/onnx.ts';
import { serveThread } from '../engines/serve-thread.ts';
import { UnusablePartError } from '../engines/unusable-part-error.ts';
import { createPipeline, type DetectRequest, type MeasureRequest } from './pipeline.ts';
import { createRfDetr } from './rf-detr.ts';
import { createSam } from './sam.ts';
import type { SegmenterFallback } from './segmenter-fallback.ts';
import type { DetectSettings } from './settings.ts';

/** Entry of the detect worker's inference threads: loads the models and runs the pipeline on one request at a time. */
export interface PipelineThreadData {
  readonly detector: Model;
  readonly segmenter: Model;
  /** Why it is not the one that was wanted. */
  readonly fallback?: SegmenterFallback | undefined;
  readonly settings: Pick<DetectSettings, 'numClasses' | 'tileSize' | 'overlap' | 'matching'>;
  readonly engine: OnnxOptions;
}

/** What a thread says of itself when it is ready. */
export interface PipelineThreadInfo {
  /** Of all its models together. */
  readonly engine: EngineInfo;
}

async function loadSegmenter(
  segmenter: Model,
  load: (model: Model, role: string) => ReturnType<typeof createOnnxEngine>,
) {
  const engines = [await load(segmenter, 'encoder'), await load(segmenter, 'decoder')] as const;
  return { engines, sam: createSam(segmenter, ...engines) };
}

await serveThread(async (data) => {
  const { detector, segmenter, fallback, settings, engine } = data as PipelineThreadData;
  const { numClasses, tileSize, overlap, matching } = settings;
  const load = (model: Model, role: string) => createOnnxEngine(model.files[role] ?? '', engine);
  const detectorEngine = await load(detector, 'model');
  const masks = await loadSegmenter(segmenter, load).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new UnusablePartError('segmenter', message, { cause: error });
  });
  const pipeline = createPipeline({
    detector: createRfDetr(detector, detectorEngine, { numClasses }),
    segmenter: masks.sam,
    models: { detector, segmenter, fallback },
    tiling: { tileSize, overlap },
    matching,
    randomHex: () => randomBytes(4).toString('hex'),
    now: () => performance.now(),
  });
  const info: PipelineThreadInfo = {
    engine: combineEngineInfo([detectorEngine, ...masks.engines].map((one) => one.info)),
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
