import { existsSync } from 'node:fs';
import { formatProblems } from '@spillway/gateway';
import {
  type BrokenModel,
  CHOOSING_WORKERS,
  chooseForWorker,
  type ListedModel,
  modelFolders,
  takeInventory,
} from '@spillway/workers/models';
import { wrongUse } from '../cli-error.ts';
import { print, printJson, style, table } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { bytesText } from '../text.ts';

export interface ListModelsOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** What one worker, or one endpoint's workers, would run. */
interface Choice {
  /** The endpoint's name, or the worker's where no configuration names endpoints. */
  readonly name: string;
  readonly worker: string;
  readonly picks: readonly { readonly role: string; readonly id: string; readonly path: string }[];
  /** The sentence with which it would refuse to start. */
  readonly problem?: string;
}

/** The whole of `spillway models list`. */
export async function listModels(options: ListModelsOptions): Promise<void> {
  const folders = modelFolders(process.env);
  const { models, broken } = await takeInventory(folders);
  const choices = await readChoices(options.config);
  if (options.json) return printJson({ folders, models, broken, workers: choices });
  const columns = [
    ...[{ title: 'model' }, { title: 'contract' }, { title: 'variant' }, { title: 'weights' }],
    ...[{ title: 'size', isNumber: true }, { title: 'VRAM', isNumber: true }, { title: 'licence' }],
    ...[{ title: 'files' }, { title: 'used by' }],
  ];
  if (models.length > 0)
    print(
      table(
        columns,
        models.map((model) => row(model, choices)),
      ),
    );
  for (const one of broken) print(brokenLine(one));
  print('');
  for (const choice of choices) print(choiceLine(choice));
  print(`\n${style('dim', `Looked in, in this order: ${folders.join(', ')}`)}`);
}

function row(model: ListedModel, choices: readonly Choice[]): string[] {
  const { id, name, contract, variant = '–', dtypes, bytes, vramBytes, licence = '–', state, isDemo } = model;
  const users = choices.filter(({ picks }) => picks.some((pick) => isSame(pick, model)));
  return [
    ...[
      `${name}${id === name ? '' : ` (${id})`}${isDemo ? ' demo' : ''}`,
      contract,
      variant,
      dtypes.join(' '),
    ],
    ...[bytesText(bytes), vramBytes === undefined ? '–' : bytesText(vramBytes), licence, state],
    users.map((user) => user.name).join(', '),
  ];
}

function isSame(pick: { readonly path: string }, model: ListedModel): boolean {
  return pick.path === model.realPath;
}

function brokenLine({ name, problem }: BrokenModel): string {
  return `${style('red', name)}: ${problem}`;
}

function choiceLine({ name, worker, picks, problem }: Choice): string {
  const who = name === worker ? `worker ${worker}` : `endpoint ${name} (${worker})`;
  if (problem !== undefined) return `${who}: ${style('yellow', problem)}`;
  return `${who}: ${picks.map(({ role, id }) => `${id} as ${role}`).join(', ')}`;
}

async function readChoices(config: string | undefined): Promise<readonly Choice[]> {
  const targets = await readTargets(config);
  return Promise.all(
    targets.map(async ({ name, worker, env }): Promise<Choice> => {
      try {
        const chosen = await chooseForWorker(worker, { ...process.env, ...env });
        const picks = chosen.map(({ role, model }) => ({ role, id: model.id, path: model.path }));
        return { name, worker, picks };
      } catch (error) {
        return { name, worker, picks: [], problem: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

interface Target {
  readonly name: string;
  readonly worker: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The endpoints of a configuration that run built-in workers; without one, those workers themselves. */
async function readTargets(config: string | undefined): Promise<readonly Target[]> {
  const folder = process.cwd();
  const file = config ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined);
  if (file === undefined) return CHOOSING_WORKERS.map((worker) => ({ name: worker, worker, env: {} }));
  const result = await readConfig({ file, folder });
  if (!result.ok) throw wrongUse(formatProblems(file, result.problems));
  return result.config.endpoints.flatMap(({ name, worker, env }) =>
    worker !== undefined && CHOOSING_WORKERS.includes(worker) ? [{ name, worker, env }] : [],
  );
}
