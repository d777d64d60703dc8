import { addModel, ModelError } from '@spillway/workers/models';
import { CliError } from '../cli-error.ts';
import { note, print, printJson } from '../output.ts';
import { bytesText } from '../text.ts';
import { parseContract } from './contract-option.ts';
import { explainDisk } from './pull/download-file.ts';
import { pullFolder } from './pull/settings.ts';

export interface AddModelOptions {
  readonly name?: string;
  readonly contract?: string;
  readonly variant?: string;
  readonly licence?: string;
  readonly into?: string;
  readonly link?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway models add`. */
export async function addAndShow(source: string, options: AddModelOptions): Promise<void> {
  const { name, variant, licence, link: isLink } = options;
  const into = pullFolder(options.into, process.env);
  const contract = parseContract(options.contract);
  const added = await addModel({ source, into, name, contract, variant, licence, isLink }).catch(
    (error: unknown) => {
      throw error instanceof ModelError ? new CliError('MODEL', error.message) : explainDisk(error, source);
    },
  );
  const { path: place, card, notes } = added;
  if (options.json) return printJson({ path: place, model: card, notes });
  const { id, files } = card;
  const count = Object.keys(files).length;
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  const kind = [card.contract, card.variant, card.dtype].filter((part) => part !== undefined).join(' ');
  print(`${id} (${kind}): ${count} ${count === 1 ? 'file' : 'files'}, ${bytesText(bytes)}, in ${place}`);
  for (const sentence of notes) note(sentence);
}
