import type { Model } from './models.ts';

/** A model as `/info` and results tell of it. */
export interface ModelInfo {
  /** What the worker uses it for. */
  readonly role: string;
  readonly id: string;
  readonly contract: string;
  /** Made from synthetic data, to try the product out. */
  readonly isDemo: boolean;
  readonly licence?: string;
  readonly source?: string;
  /** What else is to be known of it, in a sentence. */
  readonly note?: string;
}

/** The same of a model that is loaded. */
export function infoOfModel(role: string, { id, contract, isDemo, licence, source }: Model): ModelInfo {
  return {
    ...{ role, id, contract, isDemo },
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
}
