import {
  CONTRACT_NAMES,
  type ContractName,
  contractFiles,
  DTYPES,
  type Dtype,
  type ModelJson,
  SIDECARS,
  withDtype,
} from '@spillway/workers/models';
import { CliError, wrongUse } from '../../cli-error.ts';

/** Which of an origin's files are fetched: the weights of one contract in the wanted number formats, and what goes with them. */
export interface Selection {
  /** Contracts whose files these are: more than one where only a look inside tells. */
  readonly contracts: readonly ContractName[];
  readonly dtypes: readonly Dtype[];
  readonly files: readonly string[];
}

export interface SelectOptions {
  readonly contract?: ContractName | undefined;
  /** Default: fp32, or the only number format there is. */
  readonly dtypes?: readonly Dtype[] | undefined;
  readonly isAll?: boolean | undefined;
  readonly card?: ModelJson | undefined;
}

/** @throws CliError saying what is there instead. */
export function selectFiles(listed: readonly string[], origin: string, options: SelectOptions): Selection {
  const [only] = listed;
  // A single file tells what it is only from the inside.
  if (listed.length === 1 && only?.endsWith('.onnx')) {
    const contracts = options.contract ? [options.contract] : CONTRACT_NAMES;
    return { contracts, dtypes: ['fp32'], files: [only] };
  }
  const contracts = chooseContracts(listed, options);
  const [contract] = contracts;
  if (contract === undefined) throw noModel(listed, origin, options.contract);
  const available = DTYPES.filter((dtype) => weightsOf(listed, contract, dtype, options.card) !== undefined);
  const dtypes = chooseDtypes(available, origin, options);
  const weights = dtypes.flatMap((dtype) => weightsOf(listed, contract, dtype, options.card) ?? []);
  const data = listed.filter((file) => weights.some((weight) => isDataOf(weight, file)));
  const own = Object.keys(options.card?.files ?? {}).filter((file) => !/\.onnx([._]|$)/.test(file));
  const sidecars = listed.filter(
    (file) => SIDECARS.includes(file as (typeof SIDECARS)[number]) || own.includes(file),
  );
  return { contracts, dtypes, files: [...new Set([...weights, ...data, ...sidecars])].sort() };
}

/** The SAM contracts share their files; CLIP's folders also hold a file of RF-DETR's name. */
function chooseContracts(
  listed: readonly string[],
  { contract, card }: SelectOptions,
): readonly ContractName[] {
  const wanted = contract ?? card?.contract;
  const isThere = (candidate: ContractName) =>
    DTYPES.some((dtype) => weightsOf(listed, candidate, dtype, card) !== undefined);
  if (wanted !== undefined) return isThere(wanted) ? [wanted] : [];
  const found = CONTRACT_NAMES.filter(isThere);
  const most = Math.max(0, ...found.map(specificity));
  return found.filter((candidate) => specificity(candidate) === most);
}

/** `onnx/model.onnx` may be anything; other names are those of one kind of model. */
function specificity(contract: ContractName): number {
  return Object.values(contractFiles(contract)).some(({ path }) => path !== 'onnx/model.onnx') ? 2 : 1;
}

/** Undefined when a file that the contract can't do without is not there. */
function weightsOf(
  listed: readonly string[],
  contract: ContractName,
  dtype: Dtype,
  card: ModelJson | undefined,
): string[] | undefined {
  const found: string[] = [];
  for (const [role, { path, isOptional }] of Object.entries(contractFiles(contract))) {
    const wanted = withDtype(path, dtype);
    const own = dtype === (card?.dtype ?? 'fp32') ? card?.roles?.[role] : undefined;
    const places = [...(own === undefined ? [] : [own]), wanted, wanted.replace(/^onnx\//, '')];
    const place = places.find((candidate) => listed.includes(candidate));
    if (place !== undefined) found.push(place);
    else if (isOptional !== true) return undefined;
  }
  return found;
}

/** External data as exporters name it: `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`. */
function isDataOf(weights: string, file: string): boolean {
  return file.startsWith(`${weights}_data`) || file.startsWith(`${weights}.data`);
}

function chooseDtypes(
  available: readonly Dtype[],
  origin: string,
  { dtypes, isAll, card }: SelectOptions,
): readonly Dtype[] {
  if (isAll) return available;
  if (dtypes === undefined) {
    const [first = 'fp32', ...others] = available;
    const usual = card?.dtype ?? 'fp32';
    if (available.includes(usual) || others.length === 0)
      return available.includes(usual) ? [usual] : [first];
    throw wrongUse(`${origin} has no ${usual} weights. It has ${available.join(', ')}: choose by --dtype.`);
  }
  const missing = dtypes.filter((dtype) => !available.includes(dtype));
  if (missing.length === 0) return dtypes;
  throw new CliError(
    'NOT_FOUND',
    `${origin} has no ${missing.join(' and no ')} weights. It has ${available.join(', ')}.`,
  );
}

function noModel(listed: readonly string[], origin: string, wanted: ContractName | undefined): CliError {
  const onnx = listed.filter((file) => file.endsWith('.onnx'));
  const isPyTorch = onnx.length === 0 && listed.some((file) => /\.(safetensors|bin|pt|pth|ckpt)$/.test(file));
  const what = wanted === undefined ? 'no model that a worker knows' : `no ${wanted} model`;
  const shown = onnx.slice(0, 5).join(', ') + (onnx.length > 5 ? ', …' : '');
  const there = isPyTorch
    ? 'It holds PyTorch weights, which ONNX Runtime cannot load: look for its ONNX export, or export it yourself (tools/convert/README.md).'
    : `Its .onnx files: ${shown === '' ? 'none' : shown}.`;
  const names = CONTRACT_NAMES.map(
    (contract) => `${contract} (${Object.values(contractFiles(contract))[0]?.path})`,
  );
  return new CliError(
    'NOT_FOUND',
    `${origin} holds ${what}. ${there} Workers know: ${[...new Set(names)].join(', ')}.`,
  );
}
