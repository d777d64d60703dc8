import type { Clock } from '@spillway/sdk/clock';
import { type CreatePod, type RunpodClient, RunpodError, type RunpodPod } from '@spillway/sdk/runpod';
import { CliError, EXIT } from '../cli-error.ts';
import { durationText } from '../text.ts';
import { type CardChoice, lifeSeconds } from './choose-cards.ts';
import { exitCodeIn, type PodProgram, podProgram } from './pod-script.ts';

/**
 * One pod from its creation to its end: made on the first card that is free, watched, its log passed on, and terminated in
 * every way that this ends. The pod ends itself too (`pod-script.ts`); this only does it sooner.
 */
export interface PodJob {
  readonly name: string;
  /** All but cards and program. */
  readonly body: Omit<CreatePod, 'name' | 'gpu' | 'args'>;
  /** In the order in which they are tried; empty for a pod without cards (`body.cpu`). */
  readonly cards: readonly CardChoice[];
  readonly cardCount: number;
  readonly command: string;
  readonly maxTimeMs: number;
  readonly maxCost?: number;
  readonly idleMs: number;
  readonly apiUrl: string;
}

export interface PodView {
  note(text: string): void;
  line(text: string): void;
}

export interface PodContext {
  readonly runpod: RunpodClient;
  readonly clock: Clock;
  readonly view: PodView;
  /** Aborted when the person who started it wants it gone. */
  readonly signal: AbortSignal;
  /** Makes it and comes back: the pod ends by itself. */
  readonly isDetached?: boolean;
}

export type PodEnd = { readonly podId: string } & (
  | ({ readonly type: 'ended'; readonly exitCode: number } & Left)
  | ({ readonly type: 'stopped' | 'lost' | 'over-time'; readonly reason: string } & Left)
  | { readonly type: 'detached' }
);

type WatchedEnd = Exclude<PodEnd, { readonly type: 'detached' }>;

interface Left {
  /** Why the pod may still be there, and is paid for; absent where it is gone. */
  readonly stillThere?: string;
}

const GRACE_SECONDS = 30;
const LOOK_EVERY_MS = 5000;
/** The pod's own switch goes first; this is for one whose container never came up. */
const LATE_MS = 60_000;

export async function runPod(job: PodJob, context: PodContext): Promise<PodEnd> {
  const { clock, view, isDetached } = context;
  const { pod, program, seconds } = await createPod(job, context);
  view.note(
    `pod ${pod.id}: ${describe(pod)}; it ends itself after ${durationText(seconds * 1000)} at the latest`,
  );
  if (isDetached) return { type: 'detached', podId: pod.id };
  // What it really costs may differ from the catalogue's price, which the pod's own time was made of.
  const paid = Math.min(seconds, lifeSeconds(job.maxTimeMs, job.maxCost, pod.cost ?? 0));
  let end: WatchedEnd;
  try {
    end = await watchPod(pod.id, program, clock.now() + paid * 1000 + LATE_MS, context);
  } catch (error) {
    await terminate(pod.id, context);
    throw error;
  }
  const stillThere = await terminate(pod.id, context);
  return stillThere === undefined ? end : { ...end, stillThere };
}

/** Why it could not be done, if so: the pod's own switch does it later, and what the command brought counts all the same. */
async function terminate(podId: string, { runpod, view }: PodContext): Promise<string | undefined> {
  try {
    await runpod.pods.remove(podId);
    view.note(`pod ${podId}: terminated`);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    view.note(
      `pod ${podId} is still there and paid for: ${why}. It ends itself when its command is done or its time is over; \`spillway pods stop ${podId}\` ends it now, \`spillway pods list\` tells whether it is gone`,
    );
    return why;
  }
}

/** RunPod's document says that it tells the price; if it ever doesn't, a pod that runs matters more. */
const hourText = (dollars: number | undefined) =>
  typeof dollars === 'number' ? `$${dollars.toFixed(2)} an hour` : 'price not told';

function describe({ gpu, cost }: RunpodPod): string {
  return `${gpu ? `${gpu.count ?? 1} × ${gpu.id}` : 'no card'}, ${hourText(cost)}`;
}

/** @throws the last refusal where no card can be had. */
async function createPod(job: PodJob, context: PodContext) {
  const { name, body, cards, cardCount } = job;
  const choices: readonly (CardChoice | undefined)[] = cards.length > 0 ? cards : [undefined];
  let refusal: unknown = new CliError('NO_CARD', 'no card fits');
  for (const card of choices) {
    const seconds = lifeSeconds(job.maxTimeMs, job.maxCost, card?.hourly ?? 0);
    const program = podProgram({
      ...{ command: job.command, apiUrl: job.apiUrl },
      limits: { lifeSeconds: seconds, idleSeconds: job.idleMs / 1000, graceSeconds: GRACE_SECONDS },
    });
    try {
      const pod = await createOnce(
        {
          ...{ ...body, name, args: program.args, env: { ...body.env, ...program.env } },
          ...(card ? { gpu: { id: card.id, count: cardCount } } : {}),
        },
        context,
      );
      return { pod, program, seconds };
    } catch (error) {
      const isNext = error instanceof RunpodError && ['NO_CAPACITY', 'FORBIDDEN'].includes(error.code);
      if (!isNext) throw error;
      if (context.signal.aborted)
        throw new CliError('STOPPED', 'stopped before a pod was made', EXIT.interrupted);
      refusal = error;
      context.view.note(`${card?.name ?? 'a machine'}: none to be had`);
    }
  }
  throw refusal;
}

const LOOKS_FOR_LOST = 6;

/** A create whose answer was lost may have made a pod: it is looked for by its name, which no other has. */
async function createOnce(body: CreatePod, { runpod, clock }: PodContext): Promise<RunpodPod> {
  try {
    return await runpod.pods.create(body);
  } catch (error) {
    if (!(error instanceof RunpodError && error.mayHaveArrived)) throw error;
    for (let looked = 0; looked < LOOKS_FOR_LOST; looked += 1) {
      const found = (await runpod.pods.list()).find(({ name }) => name === body.name);
      if (found) return found;
      await clock.sleep(LOOK_EVERY_MS);
    }
    throw error;
  }
}

async function watchPod(
  podId: string,
  program: PodProgram,
  until: number,
  context: PodContext,
): Promise<WatchedEnd> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  try {
    // Whoever is first tells the end; the other is stopped by it.
    return await Promise.race([
      followLog(podId, program, signal, context),
      followStatus(podId, until, signal, context),
    ]);
  } finally {
    over.abort();
  }
}

async function followLog(
  podId: string,
  { token }: PodProgram,
  signal: AbortSignal,
  { runpod, view, signal: stopped }: PodContext,
): Promise<WatchedEnd> {
  for await (const { line } of runpod.pods.log(podId, signal)) {
    const exitCode = exitCodeIn(line, token);
    if (exitCode !== undefined) return { type: 'ended', exitCode, podId };
    view.line(line);
  }
  return stopped.aborted ? stoppedEnd(podId) : new Promise(() => {});
}

const stoppedEnd = (podId: string): WatchedEnd => ({
  type: 'stopped',
  podId,
  reason: 'it was stopped from here',
});

async function followStatus(
  podId: string,
  until: number,
  signal: AbortSignal,
  { runpod, clock, view }: PodContext,
): Promise<WatchedEnd> {
  let last: string | undefined;
  while (!signal.aborted) {
    const status = await statusOf(runpod, podId, signal);
    if (status !== last && status !== 'GONE' && !signal.aborted)
      view.note(
        `pod ${podId}: ${status === 'UNKNOWN' ? "RunPod can't be asked; it works on" : status.toLowerCase()}`,
      );
    last = status;
    if (['GONE', 'TERMINATED', 'EXITED', 'ERROR'].includes(status)) {
      const reason = status === 'GONE' ? 'it is not there any more' : `RunPod says ${status}`;
      return { type: 'lost', podId, reason };
    }
    if (clock.now() >= until) return { type: 'over-time', podId, reason: 'its time or its budget is over' };
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  return stoppedEnd(podId);
}

/** Hours of work are not thrown away since the network here was gone for minutes. */
const PASSING: readonly string[] = ['UNREACHABLE', 'SERVER', 'RATE_LIMITED', 'BAD_REPLY'];

async function statusOf(
  runpod: RunpodClient,
  podId: string,
  signal: AbortSignal,
): Promise<RunpodPod['status'] | 'GONE' | 'UNKNOWN'> {
  try {
    return (await runpod.pods.get(podId, signal)).status;
  } catch (error) {
    if (signal.aborted) return 'UNKNOWN';
    if (error instanceof RunpodError && error.code === 'NOT_FOUND') return 'GONE';
    if (error instanceof RunpodError && PASSING.includes(error.code)) return 'UNKNOWN';
    throw error;
  }
}
