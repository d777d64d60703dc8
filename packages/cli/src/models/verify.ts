import path from 'node:path';
import {
  type BrokenModel,
  type Check,
  type ListedModel,
  modelFolders,
  takeInventory,
  verifyListedModel,
} from '@spillway/workers/models';
import { CliError, EXIT } from '../cli-error.ts';
import { note, print, printJson, style } from '../output.ts';
import { LOCK_FILE, readLockFile } from './pull/lock-file.ts';

export interface VerifyModelsOptions {
  readonly lock?: string;
  readonly json?: boolean;
}

interface Verified {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly isPassed: boolean;
  readonly checks: readonly Check[];
}

/** The whole of `spillway models verify`; sets the exit code. */
export async function verifyModels(wanted: string | undefined, options: VerifyModelsOptions): Promise<void> {
  const { models, broken } = await takeInventory(modelFolders(process.env));
  const isWanted = ({ name, id }: { name: string; id?: string }) =>
    wanted === undefined || name === wanted || id === wanted;
  const chosen = models.filter(isWanted);
  const damaged = broken.filter(isWanted);
  if (chosen.length + damaged.length === 0) {
    const names = models.map(({ name }) => name).join(', ');
    throw new CliError(
      'NOT_FOUND',
      `There is no model ${wanted ?? ''} on the search path. There are: ${names === '' ? 'none' : names}.`,
    );
  }
  const results: Verified[] = [];
  for (const one of damaged) results.push(showBroken(one, options));
  for (const model of chosen) results.push(await verifyOne(model, options));
  const failed = results.filter(({ isPassed }) => !isPassed).length;
  if (failed > 0) process.exitCode = EXIT.failed;
  if (options.json) return printJson({ isPassed: failed === 0, models: results });
  const count = `${results.length} ${results.length === 1 ? 'model' : 'models'}`;
  print(failed === 0 ? `${count} passed.` : `${failed} of ${count} failed.`);
}

async function verifyOne(model: ListedModel, options: VerifyModelsOptions): Promise<Verified> {
  const { name, id, path: place, modelsFolder, state } = model;
  if (!options.json) print(`${style('bold', name)}  ${style('dim', place)}`);
  const checks: Check[] = [];
  for await (const check of verifyListedModel(model, await pinnedFiles(name, modelsFolder, options.lock))) {
    checks.push(check);
    if (!options.json) printCheck(check);
  }
  if (!options.json && state === 'no hashes')
    note(
      `  ${name} has no hashes to compare with: \`spillway models add ${place}\` makes a model folder that has.`,
    );
  return { name, id, path: place, isPassed: checks.every(({ isPassed }) => isPassed), checks };
}

function showBroken({ name, path: place, problem }: BrokenModel, options: VerifyModelsOptions): Verified {
  const check = { subject: 'model.json and files', isPassed: false, detail: problem };
  if (!options.json) {
    print(`${style('bold', name)}  ${style('dim', place)}`);
    printCheck(check);
  }
  return { name, id: name, path: place, isPassed: false, checks: [check] };
}

function printCheck({ subject, isPassed, detail }: Check): void {
  const mark = isPassed ? style('green', 'PASSED') : style('red', 'FAILED');
  print(`  ${mark}  ${subject}  ${style('dim', detail)}`);
}

async function pinnedFiles(name: string, modelsFolder: string, lock: string | undefined) {
  const file = lock === undefined ? path.join(modelsFolder, LOCK_FILE) : path.resolve(lock);
  return (await readLockFile(file)).models[name]?.files;
}
