import path from 'node:path';
import { createSystemClock } from '@spillway/sdk/clock';
import { wrongUse } from '../cli-error.ts';
import { onInterrupt } from '../interrupt.ts';
import { note, print, printJson } from '../output.ts';
import { bytesText } from '../text.ts';
import { parseContract, parseDtypes } from './contract-option.ts';
import { LOCK_FILE, readLockFile } from './pull/lock-file.ts';
import { type PulledModel, type PullRequest, type PullTools, pullModel } from './pull/pull-model.ts';
import { pullFolder, readPullSettings } from './pull/settings.ts';
import { nameOfSource, parseSource } from './pull/source.ts';
import { createPullView } from './show-pull.ts';

export interface PullModelsOptions {
  readonly dtype?: readonly string[];
  readonly all?: boolean;
  readonly contract?: string;
  readonly name?: string;
  readonly update?: boolean;
  readonly into?: string;
  readonly lock?: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway models pull`. */
export async function pullAndShow(sources: readonly string[], options: PullModelsOptions): Promise<void> {
  const requests = await readRequests(sources, options);
  const settings = readPullSettings(process.env);
  const interrupt = onInterrupt(
    () => note('\nstopping: what has come so far is kept'),
    'pull again to go on.',
  );
  const view = createPullView({ isTerminal: process.stderr.isTTY === true, isSilent: options.json === true });
  const tools: PullTools = {
    settings: { ...settings, isOffline: settings.isOffline || options.offline === true },
    ...{ clock: createSystemClock(), random: Math.random, signal: interrupt.signal, view },
  };
  const pulled: PulledModel[] = [];
  try {
    for (const request of requests) {
      const model = await pullModel(request, tools);
      pulled.push(model);
      if (!options.json) view.say(sentenceOn(model));
    }
  } finally {
    view.close();
    interrupt.stop();
  }
  if (options.json) printJson({ models: pulled });
  else if (pulled.length > 0) print(pulled.map((model) => model.path).join('\n'));
}

async function readRequests(
  sources: readonly string[],
  options: PullModelsOptions,
): Promise<readonly PullRequest[]> {
  const into = pullFolder(options.into, process.env);
  const lockFile = options.lock === undefined ? path.join(into, LOCK_FILE) : path.resolve(options.lock);
  if (options.all && options.dtype)
    throw wrongUse('--all takes every number format, so --dtype says nothing beside it.');
  if (options.name !== undefined && sources.length !== 1) throw wrongUse('--name is for one source.');
  if (options.name !== undefined && !/^\w[\w.-]*$/.test(options.name))
    throw wrongUse(`--name ${options.name}: letters, digits, "_", "." and "-" make up a name.`);
  const shared = {
    ...{ into, lockFile, isUpdate: options.update, isAll: options.all },
    ...{ dtypes: parseDtypes(options.dtype), contract: parseContract(options.contract) },
  };
  if (sources.length > 0)
    return sources.map((text) => {
      const source = parseSource(text);
      return { ...shared, source, name: options.name ?? nameOfSource(source) };
    });
  const { models } = await readLockFile(lockFile);
  const names = Object.keys(models);
  if (names.length === 0)
    throw wrongUse(`Name what to pull, such as hf:<owner>/<name>: ${lockFile} pins nothing yet.`);
  return names.map((name) => ({ ...shared, source: parseSource(models[name]?.source ?? ''), name }));
}

function sentenceOn({ name, source, revision, state, files, fetchedBytes }: PulledModel): string {
  const from = revision === undefined ? source : `${source}@${revision}`;
  const count = `${Object.keys(files).length} files`;
  return state === 'unchanged'
    ? `${name}: all ${count} are here and have the pinned hashes (${from}).`
    : `${name}: ${count}, ${bytesText(fetchedBytes)} fetched, pinned to ${from}.`;
}
