import path from 'node:path';
import { lookedIn, ModelError, naming, OtherContractError } from '../engines/model-error.ts';
import { findModel, resolveModel } from '../engines/model-search.ts';
import type { Model } from '../engines/models.ts';
import { findSam2, goesWith, isSam3, type SegmenterFallback, standInForSam3 } from './segmenter-fallback.ts';
import type { DetectSettings } from './settings.ts';

/**
 * Which detector and which segmenter the worker runs. It never takes another model than the one asked for: without
 * weights for the variant it says where it looked and how to get them.
 */
export interface ChosenModels {
  readonly detector: Model;
  readonly segmenter: Model;
  /** Why it is not the one that was wanted. */
  readonly fallback?: SegmenterFallback;
  /** The same for whoever runs the worker. */
  readonly problem?: string;
}

type ChoiceSettings = Pick<
  DetectSettings,
  'variant' | 'detectorWeights' | 'segmenterPath' | 'modelFolders' | 'dtype'
>;

export async function chooseModels(settings: ChoiceSettings): Promise<ChosenModels> {
  const detector = await chooseDetector(settings);
  return { detector, ...(await chooseSegmenter(settings, detector)) };
}

async function chooseDetector(settings: ChoiceSettings): Promise<Model> {
  const { variant, detectorWeights, modelFolders, dtype } = settings;
  if (detectorWeights !== undefined) {
    return resolveModel(detectorWeights, modelFolders, ['rf-detr'], { dtype }).catch(
      naming('DETECTOR_WEIGHTS'),
    );
  }
  const { model, rejected } = await findModel(modelFolders, {
    contract: 'rf-detr',
    variant,
    dtype,
    exportName: new RegExp(`^rf[-_]?detr[-_.]?${variant}(?![a-z])`, 'i'),
  });
  if (model !== undefined) {
    return model;
  }
  throw new ModelError(
    [
      `There are no RF-DETR weights for DETECTOR_VARIANT=${variant}: no folder with onnx/model.onnx, either named rfdetr_${variant}-ONNX or with a model.json that says "contract": "rf-detr", "variant": "${variant}".`,
      lookedIn(modelFolders),
      ...rejected,
      `To get them, run "spillway models pull hf:onnx-community/rfdetr_${variant}-ONNX" or put that public export into one of these folders, or export a checkpoint of your own (tools/convert/README.md) and name it in DETECTOR_WEIGHTS.`,
      variant === 'nano' ? '' : 'To try the product out with its demo model, set DETECTOR_VARIANT=nano.',
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
  );
}

type ChosenSegmenter = Omit<ChosenModels, 'detector'>;

async function chooseSegmenter(settings: ChoiceSettings, detector: Model): Promise<ChosenSegmenter> {
  const { segmenterPath, modelFolders, dtype } = settings;
  if (segmenterPath !== undefined) return chooseNamed(segmenterPath, settings, detector);
  const sam3 = await findModel(modelFolders, { contract: 'sam3-tracker', dtype, exportName: /^sam[-_.]?3/i });
  const sam2 = await findSam2(modelFolders, dtype);
  const found = sam3.model ?? sam2.model;
  if (found !== undefined && goesWith(found, detector)) {
    const [problem] = sam3.model ? [] : sam3.rejected.filter(isSam3);
    if (problem === undefined) return { segmenter: found };
    const wanted = 'sam3-tracker';
    return {
      ...(await standInForSam3({ wanted, why: 'missing', problem, modelFolders, dtype, detector })),
      problem,
    };
  }
  throw new ModelError(
    [
      `There is no segmenter to go with the detector ${detector.id}: no folder of a SAM 3 tracker or SAM 2.1 export with onnx/vision_encoder.onnx and onnx/prompt_encoder_mask_decoder.onnx.`,
      lookedIn(modelFolders),
      ...sam3.rejected,
      ...sam2.rejected,
      'To get one, run "spillway models pull hf:onnx-community/sam2.1-hiera-tiny-ONNX" (or hf:onnx-community/sam3-tracker-ONNX), put such an export into one of these folders, or name its folder in SAM_MODEL_PATH.',
      found === undefined
        ? ''
        : `The built-in demo model is taken only when SAM_MODEL_PATH=${found.id} asks for it.`,
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
  );
}

/** SAM 2 stands in for a SAM 3 that is named and cannot be used; whatever else is named must be there. */
async function chooseNamed(
  named: string,
  { modelFolders, dtype }: ChoiceSettings,
  detector: Model,
): Promise<ChosenSegmenter> {
  try {
    const asNamed = resolveModel(named, modelFolders, ['sam3-tracker', 'sam2'], { dtype });
    return { segmenter: await asNamed.catch(naming('SAM_MODEL_PATH')) };
  } catch (error) {
    const isForAnother = error instanceof ModelError && error.cause instanceof OtherContractError;
    if (!(error instanceof ModelError) || isForAnother || !isSam3(named)) throw error;
    const { message: problem } = error;
    const wanted = path.basename(named);
    return {
      ...(await standInForSam3({ wanted, why: 'missing', problem, modelFolders, dtype, detector })),
      problem,
    };
  }
}
