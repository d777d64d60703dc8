import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CONTRACT_NAMES, type ContractName, contractFiles, matchSignature } from '../engines/contracts.ts';
import { type Dtype, dtypeOf } from '../engines/dtypes.ts';
import { readExportCard } from '../engines/export-card.ts';
import { ModelError } from '../engines/model-error.ts';
import { availableDtypes, findModelFiles } from '../engines/model-files.ts';
import { type OnnxInterface, readOnnxInterface } from './onnx-interface.ts';

/**
 * Finds out what the model in a folder is: by the file names of the public exports where it has them, else by what each
 * `.onnx` file takes and gives. Either way the files are opened, so what is answered fits its contract.
 */
export interface RecognisedModel {
  readonly contract: ContractName;
  /** Number formats in which all its files are there; the first is the one that was looked at. */
  readonly dtypes: readonly Dtype[];
  /** Names of its files where they are not those of the public exports. */
  readonly roles?: Readonly<Record<string, string>>;
  /** Side of the square picture it takes, where the graph or a config says so. */
  readonly inputSize?: number | undefined;
  /** Size of the architecture, where its picture size or its name tells. */
  readonly variant?: string | undefined;
}

export interface RecogniseOptions {
  /** Its name, which may tell what nothing else does. */
  readonly name: string;
  /** Only this will do. */
  readonly contract?: ContractName | undefined;
  /** The weights to look at where there are several. */
  readonly dtype?: Dtype | undefined;
}

interface Fit {
  readonly contract: ContractName;
  readonly dtypes: readonly Dtype[];
  readonly roles?: Readonly<Record<string, string>>;
  readonly interfaces: Readonly<Record<string, OnnxInterface>>;
}

/** @throws ModelError saying what is missing, or how the files differ from each contract that they might have had. */
export async function recogniseFolder(folder: string, options: RecogniseOptions): Promise<RecognisedModel> {
  const contracts = options.contract === undefined ? CONTRACT_NAMES : [options.contract];
  const problems: string[] = [];
  const fits: Fit[] = [];
  let isNamedSo = false;
  for (const contract of contracts) {
    const dtypes = await availableDtypes(folder, { contract });
    if (dtypes.length === 0) continue;
    isNamedSo = true;
    const fit = await fitByName(folder, contract, options.dtype ?? dtypes[0]).catch(notingIn(problems));
    if (fit) fits.push({ ...fit, dtypes: [...new Set([...fit.dtypes, ...dtypes])] });
  }
  if (!isNamedSo) fits.push(...(await fitByInterface(folder, contracts, problems)));
  const chosen = await choose(folder, fits, options.name);
  if (chosen === undefined) throw new ModelError(refusal(folder, contracts, problems));
  return describe(folder, chosen, options.name);
}

function notingIn(problems: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof ModelError)) throw error;
    problems.push(error.message);
  };
}

function refusal(folder: string, contracts: readonly ContractName[], problems: readonly string[]): string {
  if (problems.length > 0) {
    return [`${folder} fits no contract that a worker knows.`, ...new Set(problems)].join(' ');
  }
  const wanted = contracts.map((contract) => {
    const files = Object.values(contractFiles(contract)).filter(({ isOptional }) => isOptional !== true);
    return `${contract} (${files.map(({ path: file }) => file).join(' and ')})`;
  });
  return `${folder} holds no .onnx files of a model that a worker knows. Expected one of: ${wanted.join(', ')}.`;
}

async function fitByName(folder: string, contract: ContractName, dtype: Dtype | undefined): Promise<Fit> {
  const { files, dtype: found } = await findModelFiles(folder, { contract, dtype });
  const interfaces: Record<string, OnnxInterface> = {};
  for (const [role, file] of Object.entries(files)) {
    const expected = contractFiles(contract)[role];
    const seen = await readOnnxInterface(file);
    if (expected) matchSignature(seen, expected, `${file} (as ${contract})`);
    interfaces[role] = seen;
  }
  return { contract, dtypes: [found], interfaces };
}

/** More files than any model has would only take long. */
const MOST_FILES = 12;

async function fitByInterface(
  folder: string,
  contracts: readonly ContractName[],
  problems: string[],
): Promise<Fit[]> {
  const files = await listOnnxFiles(folder);
  if (files.length > MOST_FILES) {
    problems.push(`It holds ${files.length} .onnx files, none named as in the public exports.`);
    return [];
  }
  const seen = new Map<string, OnnxInterface>();
  for (const file of files) {
    const found = await readOnnxInterface(path.join(folder, file)).catch(notingIn(problems));
    if (found) seen.set(file, found);
  }
  return contracts.flatMap((contract) => {
    const fit = assignRoles(contract, seen, problems);
    return fit ? [fit] : [];
  });
}

async function listOnnxFiles(folder: string): Promise<string[]> {
  const inside = async (part: string) =>
    (await readdir(path.join(folder, part)).catch(() => [])).map((name) => path.posix.join(part, name));
  return [...(await inside('')), ...(await inside('onnx'))].filter((file) => file.endsWith('.onnx')).sort();
}

function assignRoles(
  contract: ContractName,
  seen: ReadonlyMap<string, OnnxInterface>,
  problems: string[],
): Fit | undefined {
  const roles: Record<string, string> = {};
  const interfaces: Record<string, OnnxInterface> = {};
  let isWhole = true;
  for (const [role, expected] of Object.entries(contractFiles(contract))) {
    for (const [file, found] of seen) {
      try {
        matchSignature(found, expected, `${file} (as ${contract})`);
        roles[role] ??= file;
        interfaces[role] ??= found;
      } catch (error) {
        // Where files are many, what each of them is not says little.
        if (seen.size === 1) notingIn(problems)(error);
      }
    }
    if (roles[role] === undefined && expected.isOptional !== true) isWhole = false;
  }
  if (!isWhole) return undefined;
  const [first = ''] = Object.values(roles);
  return { contract, dtypes: [dtypeOf(first)], roles, interfaces };
}

/** SAM 2.1 and the SAM 3 tracker have the same files: their config, picture size or name tells them apart. */
async function choose(folder: string, fits: readonly Fit[], name: string): Promise<Fit | undefined> {
  const { contract } = await readExportCard(folder);
  const [first] = fits;
  const named = fits.find((fit) => fit.contract === contract);
  if (named || fits.length <= 1) return named ?? first;
  const sam3 = fits.find((fit) => fit.contract === 'sam3-tracker');
  const size = sam3 && squareSide(sam3.interfaces);
  const isSam3 = size === undefined ? /sam[-_.]?3/i.test(name) : size === SAM3_SIZE;
  return isSam3 ? sam3 : fits.find((fit) => fit.contract !== 'sam3-tracker');
}

const SAM3_SIZE = 1008;

/** Side of the picture of the first file that takes one of a fixed size. */
function squareSide(interfaces: Readonly<Record<string, OnnxInterface>>): number | undefined {
  for (const { inputs } of Object.values(interfaces)) {
    for (const { shape } of inputs) {
      const [, channels, height, width] = shape;
      if (shape.length === 4 && channels === 3 && height === width && typeof height === 'number')
        return height;
    }
  }
  return undefined;
}

/** People stand: what estimates poses takes upright pictures. */
const takesSquares = (contract: ContractName): boolean => contract !== 'vitpose' && contract !== 'rtmpose';

/** RF-DETR's picture sizes (rfdetr 1.4); its segmentation models, which have a third output, use some for other sizes. */
const RF_DETR_VARIANTS: Readonly<Record<number, string>> = {
  384: 'nano',
  512: 'small',
  576: 'medium',
  704: 'large',
};

async function describe(folder: string, fit: Fit, name: string): Promise<RecognisedModel> {
  const { contract, dtypes, roles, interfaces } = fit;
  const inputSize = takesSquares(contract)
    ? (squareSide(interfaces) ?? (await readExportCard(folder)).inputSize)
    : undefined;
  return {
    ...{ contract, dtypes, inputSize },
    ...(roles === undefined ? {} : { roles }),
    ...(contract === 'rf-detr' ? { variant: rfDetrVariant(interfaces, inputSize, name) } : {}),
  };
}

function rfDetrVariant(
  interfaces: Fit['interfaces'],
  inputSize: number | undefined,
  name: string,
): string | undefined {
  const named = /rf[-_]?detr[-_.]?(nano|small|medium|large)(?![a-z])/i.exec(name)?.[1];
  if (named !== undefined) return named.toLowerCase();
  const isSegmenting = (interfaces.model?.outputs.length ?? 0) > 2;
  return isSegmenting ? undefined : RF_DETR_VARIANTS[inputSize ?? 0];
}
