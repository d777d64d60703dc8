import type { Clock } from '@spillway/sdk/clock';
import { type RunpodClient, type RunpodEndpoint, RunpodError } from '@spillway/sdk/runpod';
import { findByName } from './find-actual.ts';
import type { Plan, Step } from './plan-deploy.ts';
import { newVolume } from './settings.ts';

/** Does the steps of a plan, one after the other, and tells what became of the endpoint. */
export interface ApplyContext {
  readonly runpod: RunpodClient;
  readonly clock: Clock;
  /** Before an endpoint is created: written down, so that an id that gets lost is looked for. */
  onCreate(name: string): Promise<void>;
  onDone(step: Step): void;
}

/** The endpoint as the service left it; undefined where it is gone or no step touched it. */
export async function applyPlan({ steps }: Plan, context: ApplyContext): Promise<RunpodEndpoint | undefined> {
  const made = new Map<string, string>();
  let endpoint: RunpodEndpoint | undefined;
  for (const step of steps) {
    endpoint = (await applyStep(step, made, context)) ?? endpoint;
    context.onDone(step);
  }
  return endpoint;
}

async function applyStep(
  step: Step,
  made: Map<string, string>,
  context: ApplyContext,
): Promise<RunpodEndpoint | undefined> {
  const { runpod } = context;
  switch (step.type) {
    case 'create-volume':
      made.set(newVolume(step.body), (await runpod.volumes.create(step.body)).id);
      return undefined;
    case 'enlarge-volume':
      await runpod.volumes.resize(step.id, step.to);
      return undefined;
    case 'create-endpoint':
      return createEndpoint(withVolumes(step.body, made), context);
    case 'update-endpoint':
      return runpod.endpoints.update(step.id, withVolumes(step.body, made));
    case 'delete-endpoint':
      await runpod.endpoints.remove(step.id);
      return undefined;
    case 'delete-volume':
      await runpod.volumes.remove(step.id);
      return undefined;
  }
}

function withVolumes<T extends { readonly networkVolumes?: readonly string[] }>(
  body: T,
  made: ReadonlyMap<string, string>,
): T {
  if (!body.networkVolumes) return body;
  return { ...body, networkVolumes: body.networkVolumes.map((id) => made.get(id) ?? id) };
}

/** A create whose answer was lost may have worked: a second one would be a second endpoint, paid for and forgotten. */
async function createEndpoint(
  body: Parameters<RunpodClient['endpoints']['create']>[0],
  { runpod, clock, onCreate }: ApplyContext,
): Promise<RunpodEndpoint> {
  await onCreate(body.name);
  try {
    return await runpod.endpoints.create(body);
  } catch (error) {
    if (!(error instanceof RunpodError && error.mayHaveArrived)) throw error;
    const found = await findByName(runpod, body.name, clock);
    if (found) return found;
    throw error;
  }
}
