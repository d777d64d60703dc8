import { CONTRACT_NAMES, type ContractName, DTYPES, type Dtype } from '@spillway/workers/models';
import { wrongUse } from '../cli-error.ts';

/** @throws CliError (wrong use) naming the contracts there are. */
export function parseContract(text: string | undefined): ContractName | undefined {
  const found = CONTRACT_NAMES.find((name) => name === text);
  if (text === undefined || found) return found;
  throw wrongUse(`--contract ${text}: expected ${CONTRACT_NAMES.join(', ')}.`);
}

/** Of `--dtype fp16,int8 --dtype q4`. @throws CliError (wrong use) naming the number formats there are. */
export function parseDtypes(texts: readonly string[] | undefined): readonly Dtype[] | undefined {
  if (texts === undefined) return undefined;
  const names = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  const dtypes = names.map((name) => DTYPES.find((dtype) => dtype === name));
  const wrong = names.find((_name, at) => dtypes[at] === undefined);
  if (wrong !== undefined) throw wrongUse(`--dtype ${wrong}: expected ${DTYPES.join(', ')}.`);
  return [...new Set(dtypes.filter((dtype) => dtype !== undefined))];
}
