import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { ContractName } from '../engines/contracts.ts';
import type { Dtype } from '../engines/dtypes.ts';
import { findModelFiles } from '../engines/model-files.ts';
import { SIDECARS } from './sidecars.ts';

export interface FileSetQuery {
  readonly contract: ContractName;
  readonly dtypes: readonly Dtype[];
  readonly roles?: Readonly<Record<string, string>> | undefined;
  /** The number format that `roles` speaks of. */
  readonly cardDtype?: Dtype | undefined;
}

/** Files that make up a model in these number formats, relative to its folder: weights, their external data, sidecars. */
export async function listModelFiles(folder: string, query: FileSetQuery): Promise<string[]> {
  const { contract, dtypes, roles, cardDtype } = query;
  const found = new Set<string>();
  for (const dtype of dtypes) {
    const { files, dataFiles } = await findModelFiles(folder, { contract, dtype, roles, cardDtype });
    for (const file of [...Object.values(files), ...dataFiles]) found.add(path.relative(folder, file));
  }
  for (const name of SIDECARS) {
    if ((await stat(path.join(folder, name)).catch(() => undefined))?.isFile()) found.add(name);
  }
  return [...found].sort();
}
