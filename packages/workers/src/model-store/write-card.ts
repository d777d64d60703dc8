import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelError } from '../engines/model-error.ts';
import { type ModelJson, modelJsonSchema } from '../engines/model-json.ts';
import { listProblems, problemSentence } from '../problems.ts';

/** Writes `model.json` whole or not at all; a worker that starts meanwhile reads the old or the new one. */
export async function writeCard(folder: string, card: ModelJson): Promise<void> {
  const file = path.join(folder, 'model.json');
  const checked = modelJsonSchema.safeParse(card);
  if (!checked.success) throw new ModelError(problemSentence(file, listProblems(checked.error)));
  const half = path.join(folder, `.model.json.${process.pid}`);
  await writeFile(half, `${JSON.stringify(card, null, 2)}\n`);
  await rename(half, file);
}

/** The licence that the model's own README names in its head, as on the hub. */
export async function readLicence(folder: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, 'README.md'), 'utf8').catch(() => '');
  const [, head = ''] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text) ?? [];
  return /^licen[sc]e:\s*["']?([^"'\r\n]+?)["']?\s*$/m.exec(head)?.[1];
}
