import { writeFile } from 'node:fs/promises';
import { createSystemClock } from '@spillway/sdk/clock';
import { type RunpodEndpoint, RunpodError, type RunpodGpuType } from '@spillway/sdk/runpod';
import { CliError, wrongUse } from '../cli-error.ts';
import { note, print, printJson, style } from '../output.ts';
import { applyPlan } from './apply-plan.ts';
import { type ConfigOptions, connectRunpod, type LoadedFile, loadFile, pickEndpoints } from './cloud.ts';
import { writeDeploymentLog } from './deployment-log.ts';
import { planDeploy, type Step } from './plan-deploy.ts';
import {
  type Cloud,
  cardProblems,
  costText,
  type Prepared,
  prepare,
  readActual,
  readCatalogue,
  wantedOf,
} from './prepare.ts';
import { pricedCards, readPoolPrices } from './priced-pool.ts';
import { planJson, planText } from './show-plan.ts';
import { withRunpodBackend } from './yaml-file.ts';

export interface DeployOptions extends ConfigOptions {
  readonly dryRun?: boolean;
  readonly write?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway deploy`: every endpoint is looked at before the first one is changed. */
export async function runDeploy(name: string | undefined, options: DeployOptions): Promise<void> {
  const loaded = await loadFile(options);
  const wanted = await wantedOf(pickEndpoints(loaded.endpoints, name), loaded);
  const cloud: Cloud = { runpod: connectRunpod(), clock: createSystemClock() };
  const catalogue = await readCatalogue(cloud.runpod);
  const problems = [...wanted].flatMap(([{ name: endpoint }, desired]) =>
    catalogue ? cardProblems(desired, catalogue, endpoint) : [],
  );
  if (problems.length > 0) throw wrongUse(problems.join('\n'));
  const prepared: Prepared[] = [];
  for (const [endpoint, desired] of wanted) prepared.push(await prepare(endpoint, desired, loaded, cloud));
  if (!options.json) {
    for (const one of prepared) showPrepared(one, catalogue && costText(one.desired, catalogue));
  }
  const refused = prepared.filter(({ plan }) => plan.refusals.length > 0);
  const results = new Map<Prepared, RunpodEndpoint | undefined>();
  if (!options.dryRun && refused.length === 0) {
    for (const one of prepared) results.set(one, await deployOne(one, loaded, cloud));
    if (options.write) await writeIds(loaded, results, catalogue);
    else if (!options.json) tellIds(results);
  }
  if (options.json)
    printJson({ dryRun: options.dryRun === true, endpoints: prepared.map((one) => toJson(one, results)) });
  else if (options.dryRun) note('dry run: nothing was changed');
  if (refused.length > 0)
    throw new CliError('REFUSED', refused.flatMap(({ plan }) => plan.refusals).join('\n'));
}

function showPrepared({ endpoint, actual, plan, drift, desired }: Prepared, cost: string | undefined): void {
  const there = actual.endpoint ? `endpoint ${actual.endpoint.id}` : 'no endpoint yet';
  print(`${style('bold', endpoint.name)} → ${desired.settings.name} at RunPod (${there})`);
  print(planText(plan, drift));
  if (cost !== undefined && plan.steps.length > 0) print(style('dim', `  costs ${cost}`));
}

function toJson(one: Prepared, results: ReadonlyMap<Prepared, RunpodEndpoint | undefined>): unknown {
  const { endpoint, desired, actual, plan, drift } = one;
  const id = results.get(one)?.id ?? actual.endpoint?.id ?? null;
  const name = desired.settings.name;
  return {
    ...{ endpoint: endpoint.name, name, id, isApplied: results.has(one), drift: [...drift] },
    ...(planJson(plan) as object),
  };
}

/** Applies one plan, keeps a record for undo, and looks whether RunPod then shows what the file says. */
async function deployOne(
  prepared: Prepared,
  { dataDir }: LoadedFile,
  cloud: Cloud,
): Promise<RunpodEndpoint | undefined> {
  const { endpoint, actual, plan, log } = prepared;
  if (plan.steps.length === 0) return actual.endpoint;
  const { runpod, clock } = cloud;
  const save = (more: object) =>
    writeDeploymentLog(dataDir, endpoint.name, { history: log.history, ...more });
  let changed: RunpodEndpoint | undefined;
  try {
    changed = await applyPlan(plan, {
      ...{ runpod, clock, onDone: (step: Step) => note(`${endpoint.name}: ${doneText(step)}`) },
      onCreate: (name) => save({ pending: { name, startedAt: clock.now() } }),
    });
  } catch (error) {
    // Nothing was made, so the next run needs to look for nothing.
    if (error instanceof RunpodError && !error.mayHaveArrived) await save({});
    throw error;
  }
  const after = changed ?? actual.endpoint;
  if (changed) {
    const before = actual.endpoint ?? null;
    await save({ history: [...log.history, { at: clock.now(), before, after }] });
  }
  await checkResult(prepared, after, cloud);
  return after;
}

const DONE: Readonly<Record<Step['type'], string>> = {
  'create-volume': 'volume made',
  'enlarge-volume': 'volume enlarged',
  'create-endpoint': 'endpoint made',
  'update-endpoint': 'endpoint changed; workers that run keep the old settings until they end',
  'delete-endpoint': 'endpoint deleted',
  'delete-volume': 'volume deleted',
};

export const doneText = (step: Step) => DONE[step.type];

const CHECKS = 5;
const CHECK_EVERY_MS = 2000;

/** The service shows a change a little later than it takes it. */
async function checkResult(
  { endpoint, desired, log }: Prepared,
  after: RunpodEndpoint | undefined,
  cloud: Cloud,
): Promise<void> {
  if (!after) return;
  const recent = { ...log, history: [...log.history, { at: cloud.clock.now(), before: null, after }] };
  for (let checked = 1; ; checked += 1) {
    // By the new id, whatever the file's `backends` still say.
    const { remote: _old, ...rest } = endpoint;
    const { steps } = planDeploy(desired, await readActual(rest, recent, cloud));
    if (steps.length === 0) return;
    if (checked >= CHECKS) {
      const left = steps.flatMap((step) =>
        'changes' in step ? step.changes.map(({ field }) => field) : step.type,
      );
      note(
        `${endpoint.name}: RunPod doesn't show yet: ${left.join(', ')}; \`spillway deploy --dry-run\` looks again`,
      );
      return;
    }
    await cloud.clock.sleep(CHECK_EVERY_MS);
  }
}

/** Endpoints whose `backends` don't name what was deployed. */
function unnamed(results: ReadonlyMap<Prepared, RunpodEndpoint | undefined>) {
  return [...results].flatMap(([{ endpoint }, found]) =>
    found && endpoint.remote?.endpointId !== found.id && !endpoint.loadBalancing
      ? [{ endpoint, id: found.id, gpu: found.gpu }]
      : [],
  );
}

function tellIds(results: ReadonlyMap<Prepared, RunpodEndpoint | undefined>): void {
  for (const { endpoint, id } of unnamed(results)) {
    note(
      `${endpoint.name}: jobs spill over to it once its \`backends\` have { runpod: { endpointId: ${id}, … } }; \`spillway deploy ${endpoint.name} --write\` writes that`,
    );
  }
}

async function writeIds(
  loaded: LoadedFile,
  results: ReadonlyMap<Prepared, RunpodEndpoint | undefined>,
  catalogue: readonly RunpodGpuType[] | undefined,
): Promise<void> {
  const { file, text } = loaded;
  const priceOf = await readPoolPrices(loaded, catalogue);
  let next = text;
  for (const { endpoint, id, gpu } of unnamed(results)) {
    const local = endpoint.backends.filter((kind) => kind !== 'runpod');
    next = withRunpodBackend(next, endpoint.name, id, { local, cards: pricedCards(gpu, priceOf) });
    note(`${endpoint.name}: endpoint ${id} is in its \`backends\` now (${file})`);
  }
  if (next !== text) await writeFile(file, next);
}
