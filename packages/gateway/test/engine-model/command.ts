import fc from 'fast-check';
import { agree, type Pair } from './agreement.ts';
import type { Delivery, EngineModel, ModelJob } from './model.ts';

/** A step of fast-check: it is done to the engine and to the model, and then the two must agree. */
export type Command = fc.AsyncCommand<EngineModel, Pair>;

interface Step {
  /** As it stands in a counterexample. */
  readonly name: string;
  check?(model: EngineModel): boolean;
  run(pair: Pair): Promise<void>;
}

export function command({ name, check, run }: Step): Command {
  return {
    check: (model) => check?.(model as EngineModel) ?? true,
    run: async (_model, pair) => run(pair),
    toString: () => name,
  };
}

export const WORKERS = ['w1', 'w2', 'w3'];
export const worker = fc.constantFrom(...WORKERS);
/** Which of those that are there, counted from the newest: old ones are rarely of interest. */
export const which = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(30) });

export const jobOf = (model: EngineModel, n: number): ModelJob | undefined =>
  model.all().at(-1 - (n % model.jobs.size));
export const hasJobs = (model: EngineModel) => model.jobs.size > 0;
export const deliveryOf = (model: EngineModel, n: number) =>
  model.deliveries.at(-1 - (n % model.deliveries.length)) as Delivery;
export const hasDeliveries = (model: EngineModel) => model.deliveries.length > 0;

/** The client of an open poll hangs up. */
export async function leave(pair: Pair, gone: string): Promise<void> {
  const taker = pair.model.takers.get(gone);
  if (taker) taker.isGone = true;
  pair.polls.get(gone)?.hangUp();
  await agree(pair, (job) => taker?.got.includes(job.id) ?? false);
}
