import type { ModelInfo } from '../registry.ts';
import type { Model } from './models.ts';

/** A model as `/info` shows it. */
export function infoOfModel(role: string, { id, contract, isDemo, licence, source }: Model): ModelInfo {
  return {
    ...{ role, id, contract, isDemo },
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
}
