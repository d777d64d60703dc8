import { z } from 'zod';
import type { EngineInfo } from '../engines/engine.ts';
import { parseEngineSettings } from '../engines/engine-settings.ts';
import { modelEnvironmentShape, modelFolders } from '../engines/model-folders.ts';
import type { ModelInfo } from '../engines/model-info.ts';
import { type Environment, parseEnvironment } from '../environment.ts';
import { choosePoseModels, type PoseModels, poseEnvironmentShape } from '../pose/model-choice.ts';
import type { PoseReader } from '../pose/pose-reader.ts';
import type { PeopleSource } from './video-jobs/people-source.ts';
import { createVideoPeople } from './video-jobs/video-people.ts';

/** The models that find people in videos: looked for and loaded when the first video comes, and kept from then on. */
export interface PosePeople {
  /** @throws ModelError with a sentence that says what is missing; the next video tries again. */
  load(): Promise<PeopleSource>;
  models(): readonly ModelInfo[];
  engines(): readonly EngineInfo[];
  stop(): Promise<void>;
}

const schema = z.object({ ...poseEnvironmentShape, ...modelEnvironmentShape });

const parseVariables = (env: Environment) =>
  parseEnvironment(
    schema,
    env,
    'The environment of the ergonomics worker',
    (sentence) => new Error(sentence),
  );

/** Those that a worker with this environment would load. */
export function choosePeopleModels(env: Environment): Promise<PoseModels> {
  const values = parseVariables(env);
  return choosePoseModels({
    ...{
      detector: values.PERSON_DETECTOR,
      estimator: values.POSE_MODEL,
      modelFolders: modelFolders(values),
    },
    dtype: values.SPILLWAY_MODELS_DTYPE,
  });
}

/** @throws Error with a sentence where the environment is wrong. */
export function createPosePeople(env: Environment, warn: (message: string) => void): PosePeople {
  parseVariables(env);
  const engine = parseEngineSettings(env);
  let loading: Promise<PoseReader> | undefined;
  let reader: PoseReader | undefined;

  async function start(): Promise<PoseReader> {
    const models = await choosePeopleModels(env);
    const { createPoseReader } = await import('../pose/pose-reader.ts');
    reader = await createPoseReader({ ...models, engine, warn });
    return reader;
  }
  return {
    async load() {
      loading ??= start();
      loading.catch(() => {
        loading = undefined;
      });
      return createVideoPeople(await loading);
    },
    models: () => reader?.models ?? [],
    engines: () => (reader ? [reader.engine()] : []),
    async stop() {
      await loading?.catch(() => undefined);
      await reader?.stop();
    },
  };
}
