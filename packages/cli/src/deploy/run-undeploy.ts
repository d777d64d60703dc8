import { createSystemClock } from '@spillway/sdk/clock';
import { CliError, wrongUse } from '../cli-error.ts';
import { note, print, printJson, style } from '../output.ts';
import { applyPlan } from './apply-plan.ts';
import { type ConfigOptions, connectRunpod, loadFile, pickEndpoints } from './cloud.ts';
import { readDeploymentLog, writeDeploymentLog } from './deployment-log.ts';
import { volumesOf } from './desired.ts';
import { planUndeploy } from './plan-deploy.ts';
import { readActual } from './prepare.ts';
import { doneText } from './run-deploy.ts';
import { planJson, planText } from './show-plan.ts';

export interface UndeployOptions extends ConfigOptions {
  readonly yes?: boolean;
  readonly volumes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export const stillNamed = (name: string) =>
  `${name}: its \`backends\` in the file still name it: take \`runpod\` out, or jobs try to spill over there`;

/** The whole of `spillway undeploy`. */
export async function runUndeploy(name: string, options: UndeployOptions): Promise<void> {
  const { dataDir, endpoints } = await loadFile(options);
  const [endpoint] = pickEndpoints(endpoints, name);
  if (!endpoint) return;
  const cloud = { runpod: connectRunpod(), clock: createSystemClock() };
  const log = await readDeploymentLog(dataDir, name);
  const actual = await readActual(endpoint, log, cloud);
  const volumes = endpoint.deploy ? volumesOf(endpoint.deploy) : [];
  const plan = planUndeploy(actual, options.volumes ? volumes : []);
  if (!options.json) {
    print(style('bold', name));
    print(plan.steps.length === 0 ? '  RunPod has nothing of it' : planText(plan));
  }
  if (plan.refusals.length > 0) throw new CliError('REFUSED', plan.refusals.join('\n'));
  const isApplied = !options.dryRun && plan.steps.length > 0;
  if (isApplied && !options.yes) {
    throw wrongUse(`nothing was deleted: add --yes to do it, or --dry-run to only look`);
  }
  if (isApplied) {
    const onDone = (step: (typeof plan.steps)[number]) => note(`${name}: ${doneText(step)}`);
    await applyPlan(plan, { ...cloud, onDone, onCreate: async () => {} });
    if (actual.endpoint) {
      const entry = { at: cloud.clock.now(), before: actual.endpoint, after: null };
      await writeDeploymentLog(dataDir, name, { history: [...log.history, entry] });
      note(`${name}: \`spillway rollback ${name}\` makes it again, with a new id`);
      if (endpoint.remote?.endpointId === actual.endpoint.id) {
        note(stillNamed(name));
      }
    }
  }
  if (options.json) printJson({ endpoint: name, isApplied, ...(planJson(plan) as object) });
  const kept = actual.volumes.filter((one) => volumes.some((volume) => volume.name === one.name));
  if (!options.volumes && kept.length > 0) {
    const list = kept.map(({ name: volume, id, size }) => `${volume} (${id}, ${size} GB)`).join(', ');
    note(`kept, and paid for: volume ${list}; --volumes deletes them with their data`);
  }
}
