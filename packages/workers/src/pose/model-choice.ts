import { z } from 'zod';
import type { Dtype } from '../engines/dtypes.ts';
import { lookedIn, ModelError, naming } from '../engines/model-error.ts';
import { findModel, resolveModel } from '../engines/model-search.ts';
import type { Model } from '../engines/models.ts';
import { mayFindPeople } from './person-detector.ts';
import type { POSE_ENV } from './pose-env.ts';

/**
 * Which models read postures: those that are named, else the first that are found, real ones before the demo. A demo model
 * beside a real one would be taken for a real one, so both are of a kind unless they are named.
 */
/** The variables of `POSE_ENV`, for a worker's schema of its environment: paths or names. */
export const poseEnvironmentShape = {
  PERSON_DETECTOR: z.string().optional(),
  POSE_MODEL: z.string().optional(),
} satisfies Record<(typeof POSE_ENV)[number], z.ZodType>;

export interface PoseModelSettings {
  /** Path or name; undefined searches. */
  readonly detector?: string | undefined;
  readonly estimator?: string | undefined;
  /** Folders that hold model folders, in the order they are looked through. */
  readonly modelFolders: readonly string[];
  readonly dtype?: Dtype | undefined;
}

export interface PoseModels {
  readonly detector: Model;
  readonly estimator: Model;
}

const POSE_CONTRACTS = ['vitpose', 'rtmpose'] as const;
const EXPORT_NAMES = { vitpose: /vitpose/i, rtmpose: /rtm(pose|w|o)/i } as const;

/** @throws ModelError with a sentence that says what is missing and how to get it. */
export async function choosePoseModels(settings: PoseModelSettings): Promise<PoseModels> {
  const estimator = await chooseEstimator(settings);
  const detector = await chooseDetector(settings);
  const isMixed = estimator.isDemo !== detector.isDemo;
  if (isMixed && settings.detector === undefined && settings.estimator === undefined) {
    const [demo, real] = estimator.isDemo ? [estimator, detector] : [detector, estimator];
    const missing = estimator.isDemo ? ESTIMATOR_ADVICE : DETECTOR_ADVICE;
    throw new ModelError(
      `There is ${real.id}, and only the demo model ${demo.id} to go with it, which knows nothing but drawn mannequins. ${missing} Or name both models in PERSON_DETECTOR and POSE_MODEL.`,
    );
  }
  return { detector, estimator };
}

const ESTIMATOR_ADVICE =
  'To get a pose model, run "spillway models pull hf:onnx-community/vitpose-base-simple", put a ViTPose or RTMPose export into one of the models folders, or name it in POSE_MODEL.';

const DETECTOR_ADVICE =
  'To get a detector of people, run "spillway models pull hf:onnx-community/rfdetr_medium-ONNX", put an RF-DETR export with a class "person" into one of the models folders, or name it in PERSON_DETECTOR.';

async function chooseEstimator({ estimator, modelFolders, dtype }: PoseModelSettings): Promise<Model> {
  if (estimator !== undefined)
    return resolveModel(estimator, modelFolders, POSE_CONTRACTS, { dtype }).catch(naming('POSE_MODEL'));
  const found: Model[] = [];
  const rejected: string[] = [];
  for (const contract of POSE_CONTRACTS) {
    const result = await findModel(modelFolders, { contract, dtype, exportName: EXPORT_NAMES[contract] });
    if (result.model) found.push(result.model);
    rejected.push(...result.rejected);
  }
  const best = found.find(({ isDemo }) => !isDemo) ?? found[0];
  if (best !== undefined) return best;
  throw new ModelError(
    ['There is no pose model.', lookedIn(modelFolders), ...new Set(rejected), ESTIMATOR_ADVICE].join(' '),
  );
}

async function chooseDetector({ detector, modelFolders, dtype }: PoseModelSettings): Promise<Model> {
  if (detector !== undefined) {
    const named = await resolveModel(detector, modelFolders, ['rf-detr'], { dtype }).catch(
      naming('PERSON_DETECTOR'),
    );
    if (mayFindPeople(named)) return named;
    const names = Object.values(named.labels).join(', ');
    throw new ModelError(`PERSON_DETECTOR: ${named.id} finds no people (its classes are ${names}).`);
  }
  const { model, rejected } = await findModel(modelFolders, {
    ...{ contract: 'rf-detr', dtype, exportName: /rf[-_]?detr/i },
    accepts: mayFindPeople,
  });
  if (model !== undefined) return model;
  throw new ModelError(
    ['There is no detector of people.', lookedIn(modelFolders), ...rejected, DETECTOR_ADVICE].join(' '),
  );
}
