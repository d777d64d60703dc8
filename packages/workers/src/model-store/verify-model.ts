import path from 'node:path';
import { contractFiles, matchSignature } from '../engines/contracts.ts';
import type { Dtype } from '../engines/dtypes.ts';
import { type FileHash, findDamage, writeStamps } from '../engines/file-hashes.ts';
import { ModelError } from '../engines/model-error.ts';
import { findModelFiles } from '../engines/model-files.ts';
import { BUILT_IN_MODELS } from '../engines/model-folders.ts';
import { readCard } from '../engines/models.ts';
import type { ListedModel } from './inventory.ts';
import { readOnnxInterface } from './onnx-interface.ts';

/** One thing that was looked at. */
export interface Check {
  readonly subject: string;
  readonly isPassed: boolean;
  /** What is wrong, or what was found. */
  readonly detail: string;
}

/** Hash and size of files by their path in the model's folder, as something besides its card says. */
export type PinnedFiles = Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>>;

/**
 * Hashes every file of a model against its card, and against `pinned` where that knows it, then opens each of its weights
 * against the contract. Nothing is believed from before.
 */
export async function* verifyListedModel(
  model: ListedModel,
  pinned: PinnedFiles = {},
): AsyncGenerator<Check> {
  const folder = model.path;
  const card = await readCard(folder);
  const files = { ...pinned, ...card?.files };
  const hashes: FileHash[] = [];
  let isWhole = true;
  for (const [name, { sha256, bytes }] of Object.entries(files)) {
    const hash = { path: path.join(folder, name), sha256, bytes };
    const other = pinned[name];
    const problems = await findDamage([hash]);
    if (other && other.sha256 !== sha256)
      problems.push(`model.json has another hash than the lock file (${other.sha256})`);
    isWhole &&= problems.length === 0;
    hashes.push(hash);
    yield {
      subject: name,
      isPassed: problems.length === 0,
      detail: problems.join('; ') || `sha256 ${sha256}`,
    };
  }
  if (isWhole && hashes.length > 0) await noteHashes(folder, hashes);
  for (const dtype of model.dtypes) yield await checkContract(model, dtype, card?.roles, card?.dtype);
}

/** On a volume that can't be written, the next start hashes again. Our own package is not written into. */
async function noteHashes(folder: string, hashes: readonly FileHash[]): Promise<void> {
  if (folder.startsWith(BUILT_IN_MODELS)) return;
  await writeStamps(folder, hashes).catch((error: NodeJS.ErrnoException) => {
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code ?? '')) throw error;
  });
}

async function checkContract(
  { path: folder, contract }: ListedModel,
  dtype: Dtype,
  roles: Readonly<Record<string, string>> | undefined,
  cardDtype: Dtype | undefined,
): Promise<Check> {
  const subject = `contract ${contract} (${dtype})`;
  try {
    const { files } = await findModelFiles(folder, { contract, dtype, roles, cardDtype });
    for (const [role, file] of Object.entries(files)) {
      const expected = contractFiles(contract)[role];
      if (expected) matchSignature(await readOnnxInterface(file), expected, file);
    }
    const count = Object.keys(files).length;
    return { subject, isPassed: true, detail: `${count} ${count === 1 ? 'file' : 'files'} opened` };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { subject, isPassed: false, detail: error.message };
  }
}
