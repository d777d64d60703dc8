import type { Dtype } from '../engines/dtypes.ts';
import { ModelError } from '../engines/model-error.ts';
import { findModel } from '../engines/model-search.ts';
import type { Model } from '../engines/models.ts';

/**
 * SAM 3 goes first and SAM 2 stands in for it: where SAM 3 was asked for, or lies among the models, and cannot be used.
 * Who reads a result, or asks the worker what it runs, is told so; what exactly was wrong is in the log.
 */
export interface SegmenterFallback {
  /** Name of the SAM 3 model. */
  readonly wanted: string;
  /** A sentence for callers. */
  readonly reason: string;
}

const WHYS = {
  missing: 'is not there, or lacks files',
  damaged: 'is damaged',
  unloadable: 'could not be loaded',
} as const;

export interface FallbackQuery {
  readonly wanted: string;
  readonly why: keyof typeof WHYS;
  /** What was wrong, for whoever runs the worker. */
  readonly problem: string;
  readonly modelFolders: readonly string[];
  /** Number format of the weights, where only one will do. */
  readonly dtype?: Dtype | undefined;
  readonly detector: Model;
}

export interface StandIn {
  readonly segmenter: Model;
  readonly fallback: SegmenterFallback;
}

/** Whether a path or name speaks of SAM 3. */
export const isSam3 = (named: string): boolean => /sam[-_.]?3/i.test(named);

export const findSam2 = (folders: readonly string[], dtype?: Dtype) =>
  findModel(folders, { contract: 'sam2', dtype, exportName: /^sam[-_.]?2/i });

/** A demo segmenter beside a real detector would be taken for a real one. */
export const goesWith = (segmenter: Model, detector: Model): boolean => detector.isDemo || !segmenter.isDemo;

/** @throws ModelError where there is no SAM 2 either. */
export async function standInForSam3(query: FallbackQuery): Promise<StandIn> {
  const { wanted, why, problem, modelFolders, dtype, detector } = query;
  const { model } = await findSam2(modelFolders, dtype);
  if (model === undefined || !goesWith(model, detector))
    throw new ModelError(`${problem} There is no SAM 2 model to take in its place either.`);
  const reason = `SAM 3 (${wanted}) ${WHYS[why]}, so ${model.id} is used in its place.`;
  return { segmenter: model, fallback: { wanted, reason } };
}
