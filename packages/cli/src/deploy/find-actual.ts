import type { Clock } from '@spillway/sdk/clock';
import { type RunpodClient, type RunpodEndpoint, RunpodError } from '@spillway/sdk/runpod';
import { CliError } from '../cli-error.ts';
import type { DeploymentLog } from './deployment-log.ts';

/**
 * Which endpoint at RunPod is the one of the file: by the id that the file or this machine's record has, else by its
 * name. What was just made may take a while to show.
 */
export interface Sought {
  /** Its name at RunPod. */
  readonly name: string;
  /** As the file's `backends` say. */
  readonly endpointId?: string | undefined;
  readonly log: DeploymentLog;
}

const PATIENCE_TRIES = 8;
const PATIENCE_MS = 2000;
/** What is younger may not be shown yet. */
const YOUNG_MS = 120_000;

/** @throws CliError where two could be meant. */
export async function findEndpoint(
  runpod: RunpodClient,
  { name, endpointId, log }: Sought,
  clock: Clock,
): Promise<RunpodEndpoint | undefined> {
  const last = log.history.at(-1);
  const known = endpointId ?? last?.after?.id;
  const isYoung = (at: number | undefined) => at !== undefined && clock.now() - at < YOUNG_MS;
  if (known !== undefined) {
    const isJustMade = last?.after?.id === known && isYoung(last.at);
    const found = await getEndpoint(runpod, known, clock, isJustMade ? PATIENCE_TRIES : 1);
    if (found) return found;
  }
  const mayComeYet = log.pending?.name === name && isYoung(log.pending.startedAt);
  return findByName(runpod, name, clock, mayComeYet ? PATIENCE_TRIES : 1);
}

async function getEndpoint(
  runpod: RunpodClient,
  id: string,
  clock: Clock,
  tries: number,
): Promise<RunpodEndpoint | undefined> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await runpod.endpoints.get(id);
    } catch (error) {
      if (!(error instanceof RunpodError && error.code === 'NOT_FOUND')) throw error;
      if (tried >= tries) return undefined;
      await clock.sleep(PATIENCE_MS);
    }
  }
}

/** With more than one try it waits for one that should be there soon. */
export async function findByName(
  runpod: RunpodClient,
  name: string,
  clock: Clock,
  tries = PATIENCE_TRIES,
): Promise<RunpodEndpoint | undefined> {
  for (let tried = 1; ; tried += 1) {
    const same = (await runpod.endpoints.list()).filter((endpoint) => endpoint.name === name);
    if (same.length > 1) {
      const ids = same.map(({ id }) => id).join(', ');
      throw new CliError(
        'AMBIGUOUS',
        `RunPod has ${same.length} endpoints called ${name} (${ids}): delete the others there, or name the right one in \`backends\` of spillway.yaml`,
      );
    }
    if (same[0] || tried >= tries) return same[0];
    await clock.sleep(PATIENCE_MS);
  }
}
