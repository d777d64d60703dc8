import { setImmediate as nextTurn } from 'node:timers/promises';
import { combineEngineInfo, type EngineInfo } from '../engines/engine.ts';
import type { Model } from '../engines/models.ts';
import { createOnnxEngine, type OnnxOptions } from '../engines/onnx.ts';
import { serveThread } from '../engines/serve-thread.ts';
import { answerPeople, type FindRequest, type PoseRequest } from './find-people.ts';
import { createPersonDetector } from './person-detector.ts';
import { createPoseEstimator } from './pose-estimator.ts';

/** Entry of the pose reader's threads: loads both models and answers one request at a time. */
export interface PoseThreadData {
  readonly detector: Model;
  readonly estimator: Model;
  readonly maxBatch: number;
  readonly engine: OnnxOptions;
}

/** What a thread says of itself when it is ready. */
export interface PoseThreadInfo {
  readonly engine: EngineInfo;
}

await serveThread(async (data) => {
  const { detector, estimator, maxBatch, engine } = data as PoseThreadData;
  const engines = [
    await createOnnxEngine(detector.files.model ?? '', engine),
    await createOnnxEngine(estimator.files.model ?? '', engine),
  ] as const;
  const parts = {
    detector: createPersonDetector(detector, engines[0]),
    estimator: createPoseEstimator(estimator, engines[1], { maxBatch }),
  };
  const info: PoseThreadInfo = { engine: combineEngineInfo(engines.map((one) => one.info)) };
  return {
    info,
    async warmUp(signal) {
      const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
      await parts.detector.find(image, { threshold: 0.99, maxPeople: 1, signal });
      await parts.estimator.estimate([{ image, box: { x_min: 8, y_min: 8, x_max: 56, y_max: 56 } }], {
        signal,
      });
    },
    async run(request, { signal }) {
      // A cancellation that came meanwhile is seen before the work begins.
      await nextTurn();
      return answerPeople(parts, request as FindRequest | PoseRequest, signal);
    },
  };
});
