import { createSystemClock } from '@spillway/sdk/clock';
import { CliError, wrongUse } from '../cli-error.ts';
import { note, print, printJson, style } from '../output.ts';
import { applyPlan } from './apply-plan.ts';
import { type ConfigOptions, connectRunpod, loadFile, pickEndpoints } from './cloud.ts';
import { type Deployed, readDeploymentLog, writeDeploymentLog } from './deployment-log.ts';
import { type Actual, type Plan, planDeploy, planUndeploy } from './plan-deploy.ts';
import { readActual } from './prepare.ts';
import { doneText } from './run-deploy.ts';
import { stillNamed } from './run-undeploy.ts';
import { settingsOf } from './settings.ts';
import { planJson, planText } from './show-plan.ts';

export interface RollbackOptions extends ConfigOptions {
  /** Also where that deletes the endpoint. */
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway rollback`: the endpoint as it was before the last deployment from here; again, one further back. */
export async function runRollback(name: string, options: RollbackOptions): Promise<void> {
  const { dataDir, endpoints } = await loadFile(options);
  const [endpoint] = pickEndpoints(endpoints, name);
  if (!endpoint) return;
  const log = await readDeploymentLog(dataDir, name);
  const last = log.history.at(-1);
  if (!last) {
    throw new CliError(
      'NO_RECORD',
      `nothing of ${name} is left to undo in the data directory ${dataDir}, which holds what there was before each deployment from here; from elsewhere, deploy an older spillway.yaml`,
    );
  }
  const cloud = { runpod: connectRunpod(), clock: createSystemClock() };
  const actual = await readActual(endpoint, log, cloud);
  const plan = planUndo(last, actual);
  if (!options.json) {
    print(`${style('bold', name)}, as before ${new Date(last.at).toISOString()}`);
    print(plan.steps.length === 0 ? style('dim', '  nothing to do: it is so already') : planText(plan));
  }
  if (plan.refusals.length > 0) throw new CliError('REFUSED', plan.refusals.join('\n'));
  const isApplied = !options.dryRun;
  const deletes = plan.steps.some(({ type }) => type === 'delete-endpoint');
  if (isApplied && deletes && !options.yes)
    throw wrongUse('there was no endpoint before: add --yes to delete it, or --dry-run to only look');
  if (isApplied) {
    const onDone = (step: (typeof plan.steps)[number]) => note(`${name}: ${doneText(step)}`);
    const made = await applyPlan(plan, { ...cloud, onDone, onCreate: async () => {} });
    const history = log.history.slice(0, -1).map((entry) => renamed(entry, last.before?.id, made?.id));
    await writeDeploymentLog(dataDir, name, { history });
    if (made && made.id !== endpoint.remote?.endpointId && endpoint.remote) {
      note(
        `${name}: its id is ${made.id} now; \`spillway deploy ${name} --write\` puts it into \`backends\``,
      );
    }
    if (deletes && endpoint.remote?.endpointId === actual.endpoint?.id) note(stillNamed(name));
  } else if (!options.json) note('dry run: nothing was changed');
  if (options.json) printJson({ endpoint: name, isApplied, ...(planJson(plan) as object) });
}

function planUndo({ before }: Deployed, actual: Actual): Plan {
  return before === null
    ? planUndeploy(actual, [])
    : planDeploy({ settings: settingsOf(before), volumes: [] }, actual);
}

/** An endpoint that was deleted and made again has another id; what came before it goes by that one. */
function renamed(entry: Deployed, from: string | undefined, to: string | undefined): Deployed {
  if (from === undefined || to === undefined) return entry;
  const follow = (one: Deployed['after']) => (one?.id === from ? { ...one, id: to } : one);
  return { ...entry, before: follow(entry.before), after: follow(entry.after) };
}
