import { type ModelJson, type RecognisedModel, readLicence } from '@spillway/workers/models';
import type { Downloaded } from './download-file.ts';
import type { Listing } from './remote.ts';
import type { Selection } from './select-files.ts';
import { type ModelSource, nameOfSource, sourceId } from './source.ts';

export interface CardFindings {
  readonly name: string;
  readonly source: ModelSource;
  readonly listing: Listing;
  readonly selection: Selection;
  readonly recognised: RecognisedModel;
  readonly files: Readonly<Record<string, Downloaded>>;
  /** Where the files lie. */
  readonly folder: string;
}

/** Publishers whose exports are known by their bare names. */
const EXPORTERS = ['onnx-community', 'Xenova', 'openai'];

/** The `model.json` of what was pulled: the origin's own where it has one, with the files that were chosen. */
export async function buildCard(findings: CardFindings): Promise<ModelJson> {
  const { listing, selection, recognised, files, folder } = findings;
  const { card, revision } = listing;
  const [first = 'fp32'] = selection.dtypes;
  const dtype = card?.dtype !== undefined && selection.dtypes.includes(card.dtype) ? card.dtype : first;
  const roles = card?.roles ?? recognised.roles;
  const variant = card?.variant ?? recognised.variant;
  const inputSize = card?.inputSize ?? recognised.inputSize;
  const own = card === undefined ? fromExport(findings) : { ...card };
  return {
    ...own,
    contract: recognised.contract,
    ...(variant === undefined ? {} : { variant }),
    ...(dtype === 'fp32' ? {} : { dtype }),
    ...(inputSize === undefined ? {} : { inputSize }),
    licence: card?.licence ?? listing.licence ?? (await readLicence(folder)) ?? 'unknown',
    source: sourceId(findings.source),
    ...(revision === undefined ? {} : { revision }),
    ...(roles === undefined ? {} : { roles }),
    files: Object.fromEntries(
      Object.entries(files)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([file, { sha256, bytes }]) => [file, { sha256, bytes }]),
    ),
  };
}

function fromExport({ name, source }: CardFindings): Pick<ModelJson, 'id' | 'demo' | 'isExport'> {
  if (source.kind !== 'hub') return { id: name, demo: false };
  const [owner = ''] = source.repository.split('/');
  const isKnown = EXPORTERS.includes(owner);
  return { id: isKnown ? nameOfSource(source) : source.repository, demo: false, isExport: true };
}
