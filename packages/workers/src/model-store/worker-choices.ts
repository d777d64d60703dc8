import { chooseClipModel } from '../clip/model-choice.ts';
import { parseClipSettings } from '../clip/settings.ts';
import { chooseModels } from '../detect/model-choice.ts';
import { parseSettings } from '../detect/settings.ts';
import type { Model } from '../engines/models.ts';
import type { Environment } from '../environment.ts';
import { choosePeopleModels } from '../ergonomics/pose-people.ts';

/** A model that a worker would run, and what for. */
export interface ModelChoice {
  readonly role: string;
  readonly model: Model;
}

const CHOICES: Readonly<Record<string, (env: Environment) => Promise<readonly ModelChoice[]>>> = {
  async detect(env) {
    const { detector, segmenter } = await chooseModels(parseSettings(env));
    return [
      { role: 'detector', model: detector },
      { role: 'segmenter', model: segmenter },
    ];
  },
  async clip(env) {
    // Which model it runs does not depend on whom it believes.
    const settings = parseClipSettings({ ...env, EMBEDDING_AUTH: 'off' });
    return [{ role: 'embedder', model: await chooseClipModel(settings) }];
  },
  async ergonomics(env) {
    const { detector, estimator } = await choosePeopleModels(env);
    return [
      { role: 'person detector', model: detector },
      { role: 'pose', model: estimator },
    ];
  },
};

/** The workers whose models can be told. */
export const CHOOSING_WORKERS = Object.keys(CHOICES);

/**
 * The models that a worker with this environment would run.
 * @throws the very sentence with which it would refuse to start.
 */
export async function chooseForWorker(worker: string, env: Environment): Promise<readonly ModelChoice[]> {
  return (await CHOICES[worker]?.(env)) ?? [];
}
