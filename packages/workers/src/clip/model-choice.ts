import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { lookedIn, ModelError, naming } from '../engines/model-error.ts';
import { findModel, resolveModel } from '../engines/model-search.ts';
import type { Model } from '../engines/models.ts';
import type { ClipSettings } from './settings.ts';
import { type ClipTokenizer, createClipTokenizer } from './tokenizer.ts';

/** Which CLIP model the worker runs: the one that is named, else the first that is found, real ones before the demo. */
export async function chooseClipModel({
  model: named,
  modelFolders,
  dtype,
}: Pick<ClipSettings, 'model' | 'modelFolders' | 'dtype'>): Promise<Model> {
  if (named !== undefined) {
    return resolveModel(named, modelFolders, ['clip'], { dtype }).catch(naming('CLIP_MODEL'));
  }
  const { model, rejected } = await findModel(modelFolders, { contract: 'clip', dtype, exportName: /clip/i });
  if (model !== undefined) return model;
  throw new ModelError(
    [
      'There is no CLIP model: no folder with onnx/vision_model.onnx.',
      lookedIn(modelFolders),
      ...rejected,
      'To get one, run "spillway models pull hf:Xenova/clip-vit-base-patch32", put that public export into one of these folders, or name its folder in CLIP_MODEL.',
    ].join(' '),
  );
}

/** How answers name the model. */
export interface ModelName {
  readonly model: string;
  readonly pretrained: string;
}

const OPENAI_WEIGHTS: readonly (readonly [folder: RegExp, model: string])[] = [
  [/^clip-vit-base-patch32(-onnx)?$/i, 'ViT-B-32'],
  [/^clip-vit-base-patch16(-onnx)?$/i, 'ViT-B-16'],
  [/^clip-vit-large-patch14(-onnx)?$/i, 'ViT-L-14'],
];

/** The names that CLIP's users know, only for those very weights; any other model is called by its own. */
export function nameOfModel({ id, origin, isDemo, source }: Model): ModelName {
  const known = origin === 'export' ? OPENAI_WEIGHTS.find(([folder]) => folder.test(id)) : undefined;
  if (known) return { model: known[1], pretrained: 'openai' };
  return { model: id, pretrained: isDemo ? 'demo' : (source ?? 'unknown') };
}

/** The tokenizer beside the text tower. @throws ModelError */
export async function loadTokenizer({ id, path: place }: Model): Promise<ClipTokenizer> {
  const folder = place.endsWith('.onnx') ? path.dirname(place) : place;
  const places = [path.join(folder, 'tokenizer.json'), path.join(folder, '..', 'tokenizer.json')];
  for (const file of places) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw new ModelError(`${file} is not readable JSON.`);
    }
    return createClipTokenizer(json, file);
  }
  throw new ModelError(
    `The model ${id} has a text tower but no tokenizer.json (looked at ${places.join(', ')}).`,
  );
}
