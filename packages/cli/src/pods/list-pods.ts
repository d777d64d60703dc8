import type { RunpodPod } from '@spillway/sdk/runpod';
import { CliError, wrongUse } from '../cli-error.ts';
import { connectRunpod } from '../deploy/cloud.ts';
import { note, print, printJson, table } from '../output.ts';
import { agoText } from '../text.ts';
import { POD_PREFIX } from './start-pod.ts';

/** `spillway pods list` and `spillway pods stop`: pods that were made from here, and only those unless asked otherwise. */
export async function listPods(options: { readonly all?: boolean; readonly json?: boolean }): Promise<void> {
  const pods = (await connectRunpod().pods.list()).filter((pod) => options.all || isOurs(pod));
  if (options.json) return printJson({ pods: pods.map(viewOf) });
  if (pods.length === 0)
    return print(options.all ? 'no pods' : 'no pods of Spillway (--all shows the others)');
  const columns = ['pod', 'name', 'status', 'card', 'an hour', 'made'].map((title) => ({ title }));
  const rows = pods.map((pod) => {
    const { id, name, status, card, hourly, createdAt } = viewOf(pod);
    return [
      id,
      name,
      status.toLowerCase(),
      card ?? '-',
      typeof hourly === 'number' ? `$${hourly.toFixed(2)}` : '-',
      agoText(Date.parse(createdAt), Date.now()),
    ];
  });
  print(table(columns, rows));
}

export async function stopPods(
  names: readonly string[],
  options: { readonly all?: boolean; readonly json?: boolean },
): Promise<void> {
  if (names.length === 0 && !options.all) throw wrongUse('say which pod, or --all for every pod of Spillway');
  const runpod = connectRunpod();
  const pods = await runpod.pods.list();
  const meant = options.all
    ? pods.filter(isOurs)
    : pods.filter(({ id, name }) => names.includes(id) || names.includes(name));
  const missing = names.filter((one) => !pods.some(({ id, name }) => id === one || name === one));
  for (const { id, name } of meant) {
    await runpod.pods.remove(id);
    if (!options.json) note(`pod ${id} (${name}): terminated`);
  }
  if (options.all && meant.length === 0 && !options.json) note('no pods of Spillway: nothing to terminate');
  if (options.json) printJson({ stopped: meant.map(({ id }) => id), missing });
  if (missing.length > 0) throw new CliError('POD_NOT_FOUND', `RunPod has no pod ${missing.join(', ')}`);
}

const isOurs = ({ name }: RunpodPod) => String(name).startsWith(POD_PREFIX);

function viewOf({ id, name, status, gpu, cost, createdAt }: RunpodPod) {
  return { id, name, status, card: gpu?.id ?? null, hourly: cost, createdAt };
}
