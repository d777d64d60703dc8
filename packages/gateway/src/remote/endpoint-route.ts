import type { Endpoint, RemoteBackend } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import { parseReference } from '../jobs/large-values/value-reference.ts';
import type { JobChange } from '../jobs/queue.ts';
import { decideReturn, decideRoute, type LocalView, type RouteReason, waitNeededMs } from './decide-route.ts';
import { createFaultyFetch } from './faulty-fetch.ts';
import { planInput } from './fit-input.ts';
import { createHint, type Hint } from './hints.ts';
import type { MovedInput } from './input-artifacts.ts';
import { createLocalGuard } from './local-guard.ts';
import { runRemoteAttempt } from './remote-attempt.ts';
import { createRemotePlace, type RemotePlace } from './remote-backend.ts';
import { createRemoteLog, type RemoteLog } from './remote-log.ts';
import type { RemoteAttempt } from './remote-store.ts';
import { sweepRemote } from './remote-sweep.ts';
import { isRemoteWorker, remoteWorkerId } from './remote-worker.ts';
import type { SpillObstacle, SpillRouterOptions } from './spill-options.ts';
import { ENVELOPE_BYTES, SUBMIT_LIMIT_BYTES } from './submit-body.ts';

/**
 * The loop that hands waiting jobs of one endpoint to RunPod, to the first of its backends there that takes them, and the
 * life of what was handed over: leases, restarts, what is to be cancelled there. What is to go is decided by
 * `decideRoute`.
 */
const STOP_WITHIN_MS = 5_000;
const SWEEP_EVERY_MS = 10_000;
const AFTER_ERROR_MS = 1_000;
const IDLE_MS = 60_000;
/** While jobs go elsewhere because workers here can't run them, and so long after, one is wanted here on trial. */
const TRIAL_WANTED_MS = 60_000;
const INPUT_LIMIT_BYTES = SUBMIT_LIMIT_BYTES - ENVELOPE_BYTES;

type AskedJob = Pick<Job, 'id' | 'endpoint' | 'keyId'> & { readonly input?: string };

export class EndpointRoute {
  /** What is known of its attempts there, as lines. */
  readonly log: RemoteLog;
  readonly #options: SpillRouterOptions;
  readonly #endpoint: Endpoint;
  readonly #rule: Pick<RemoteBackend, 'queueDelayMs' | 'onUnhealthy'>;
  readonly #places: readonly RemotePlace[];
  readonly #guard;
  readonly #stopping = new AbortController();
  /** Ends of attempts, by worker id. */
  readonly #leases = new Map<string, AbortController>();
  /** Reasons to ask for their state now, by worker id. */
  readonly #hints = new Map<string, Hint>();
  /** Jobs that RunPod will never take, and what it said. */
  readonly #refused = new Map<string, string>();
  readonly #sweepNow = createHint();
  #isHeld = false;
  #unableAt = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #loops: Promise<unknown> | undefined;

  constructor(options: SpillRouterOptions, endpoint: Endpoint, remotes: readonly RemoteBackend[]) {
    this.#options = options;
    this.#endpoint = endpoint;
    this.#rule = remotes[0] ?? { queueDelayMs: 0, onUnhealthy: true };
    const now = () => options.clock.now();
    this.#places = remotes.map((remote) => createRemotePlace(remote, now, this.#fetchFor(remote)));
    this.#guard = createLocalGuard(now);
    this.log = createRemoteLog(now);
  }

  start(): void {
    this.#loops ??= Promise.all([this.#route(), this.#keepLeases(), this.#sweep()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.poke();
    const { clock } = this.#options;
    const running = this.#places.flatMap((place) => [...place.running.values()]);
    const settled = Promise.all([this.#loops, ...running]);
    const enough = new AbortController();
    await Promise.race([settled, clock.sleep(STOP_WITHIN_MS, enough.signal)]);
    enough.abort();
  }

  poke(): void {
    if (!this.#wake.signal.aborted) this.#wake.abort('poked');
  }

  note({ transition, isNew }: JobChange): void {
    const before = transition?.before.lease?.workerId;
    if (before && isRemoteWorker(before) && transition?.after.lease?.workerId !== before) {
      this.#options.forgetStops(before);
      this.#leases.get(before)?.abort();
    }
    if (transition) {
      this.#guard.note(transition);
      this.#holdBack();
    }
    if (transition?.after.finishedAt !== undefined) this.#refused.delete(transition.after.id);
    if (isNew || transition?.after.status === 'IN_QUEUE') this.poke();
  }

  wantsTrial(): boolean {
    const isWanted = this.#options.local(this.#endpoint).type === 'unable' || this.#guard.wantsTrial();
    return isWanted && this.#options.clock.now() - this.#unableAt < TRIAL_WANTED_MS;
  }

  obstacle(job: AskedJob): SpillObstacle | undefined {
    const refusal = this.#refused.get(job.id);
    if (refusal !== undefined) return { code: 'RUNPOD', message: `RunPod does not take it: ${refusal}` };
    const tooLarge = job.input === undefined ? undefined : this.#tooLarge(job.input);
    if (tooLarge !== undefined) return { code: 'RUNPOD', message: `it does not go to RunPod: ${tooLarge}` };
    const unpaid = this.#options.costs.obstacle(job);
    if (unpaid !== undefined) return { code: 'BUDGET', message: `it does not go to RunPod: ${unpaid}` };
    const problems = this.#places.map((place) => ({
      name: place.settings.endpointId,
      said: place.problem(),
    }));
    if (problems.some(({ said }) => said === undefined)) return undefined;
    const [first] = problems;
    const all =
      problems.length === 1 ? first?.said : problems.map(({ name, said }) => `${name}: ${said}`).join('; ');
    return { code: 'RUNPOD', message: `none goes to RunPod for now: ${all}` };
  }

  /** An attempt that the last gateway left. */
  async resume(attempt: RemoteAttempt): Promise<void> {
    const { queue, store, clock } = this.#options;
    const { workerId, jobId, remoteId, state } = attempt;
    if (state === 'cancel') return;
    const job = await queue.get(jobId);
    if (job?.lease?.workerId !== workerId) {
      await store.end(workerId, remoteId === undefined ? 'unseen' : 'cancel', clock.now());
      return;
    }
    const place = this.#placeOf(attempt.remoteEndpoint);
    if (remoteId !== undefined && place) {
      this.#options.costs.keep(workerId, job);
      return this.#run(place, attempt, job);
    }
    await store.end(workerId, remoteId === undefined ? 'unseen' : 'cancel', clock.now());
    const reason = place
      ? 'the gateway was restarted before RunPod had answered the submit'
      : `${attempt.remoteEndpoint} is no backend of the endpoint any more`;
    await queue.handBackJob(workerId, jobId, reason);
  }

  #fetchFor({ endpointId, faults }: RemoteBackend): typeof fetch | undefined {
    const { clock, log, fetch: send } = this.#options;
    if (!faults) return send;
    const fields = { endpoint: this.#endpoint.name, runpod: endpointId, faults };
    log.warn(
      fields,
      'FAULTS ARE INJECTED into calls of RunPod: remove `faults` from spillway.yaml to end it',
    );
    return createFaultyFetch(faults, clock, send);
  }

  /** RunPod says that a job has ended there: a reason to ask; one that counts for nothing is cancelled. */
  async noteHook(attempt: RemoteAttempt, remoteId: string | undefined): Promise<void> {
    const { store, clock } = this.#options;
    const { workerId, state } = attempt;
    const hint = this.#hints.get(workerId);
    if (remoteId === undefined || remoteId === attempt.remoteId) return hint?.give();
    // Its submit may be under way, and its answer names it.
    if (hint && attempt.remoteId === undefined && state === 'open') return hint.give();
    this.log.add(workerId, `job ${attempt.jobId}: ${remoteId} there counts for nothing, and is cancelled`);
    if (hint) return void (await this.#placeOf(attempt.remoteEndpoint)?.client.cancel(remoteId));
    await store.end(workerId, 'cancel', clock.now(), remoteId);
    this.#sweepNow.give();
  }

  #placeOf(remoteEndpoint: string): RemotePlace | undefined {
    return this.#places.find(({ settings }) => settings.endpointId === remoteEndpoint);
  }

  async #route(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      let lookAgainAt = clock.now() + IDLE_MS;
      try {
        lookAgainAt = await this.#look(lookAgainAt);
      } catch (error) {
        log.warn({ endpoint: this.#endpoint.name, err: error }, 'jobs could not be routed; it goes on');
        lookAgainAt = clock.now() + AFTER_ERROR_MS;
      }
      await clock.sleep(
        lookAgainAt - clock.now(),
        AbortSignal.any([this.#wake.signal, this.#stopping.signal]),
      );
    }
  }

  /** One look; answers when the next one is due. */
  async #look(atLatest: number): Promise<number> {
    const { clock, queue, isPaused } = this.#options;
    const { name } = this.#endpoint;
    const { ready } = queue.counts(name);
    this.#probe(ready > 0);
    this.#holdBack();
    const nextAt = this.#nextLookAt(atLatest);
    if (ready === 0 || isPaused(name)) return nextAt;
    const blockedUntil = this.#options.costs.blockedUntil(name);
    if (blockedUntil !== undefined) return Math.min(nextAt, blockedUntil);
    const rule = this.#rule;
    const local = this.#viewLocal();
    const room = this.#places.reduce((sum, place) => sum + place.room(), 0);
    const now = clock.now();
    const waiting =
      room === 0
        ? []
        : await queue.waitingSince({
            endpoint: name,
            before: now - waitNeededMs({ rule, local }),
            withLowPriority: local.type === 'none',
            // Larger ones may fit once some of their fields go as URLs.
            mostBytes: this.#endpoint.urlFields ? Number.MAX_SAFE_INTEGER : INPUT_LIMIT_BYTES,
            limit: room + this.#refused.size,
            exceptKeys: this.#options.costs.blockedKeys(name),
          });
    const decision = decideRoute({
      ...{ rule, local, room, now },
      waiting: waiting.filter(({ id }) => !this.#refused.has(id)),
      oldestSince: await queue.oldestQueuedAt(name),
    });
    const keys = new Map(waiting.map(({ id, keyId }) => [id, keyId]));
    for (const { jobId, reason } of decision.spill) await this.#spill(jobId, keys.get(jobId), reason);
    return Math.min(nextAt, decision.lookAgainAt ?? atLatest);
  }

  /** Never waited for: a backend that answers slowly must not hold up jobs that go to another, or come home. */
  #probe(isWanted: boolean): void {
    for (const place of this.#places)
      void place.probe(isWanted).then((hasAsked) => hasAsked && this.#isGoingOn() && this.poke());
  }

  #isGoingOn(): boolean {
    return !this.#stopping.signal.aborted;
  }

  #nextLookAt(atLatest: number): number {
    const soon = this.#options.clock.now() + 1;
    const times = [...this.#places.map((place) => place.nextProbeAt()), this.#guard.nextTrialAt()];
    return Math.min(atLatest, ...times.map((at) => (at === undefined ? atLatest : Math.max(soon, at))));
  }

  #viewLocal(): LocalView {
    const local = this.#options.local(this.#endpoint);
    const problem = this.#guard.problem();
    return local.type === 'able' && problem !== undefined ? { type: 'unable', why: problem } : local;
  }

  /** Jobs are kept from workers here that end none of them, while there is somewhere else to go. */
  #holdBack(): void {
    const isHeld =
      this.#rule.onUnhealthy &&
      this.#guard.problem() !== undefined &&
      this.#places.some((place) => place.problem() === undefined) &&
      this.#options.costs.blockedUntil(this.#endpoint.name) === undefined;
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    const { log, holdBack } = this.#options;
    const fields = { endpoint: this.#endpoint.name };
    if (isHeld) log.warn(fields, `jobs are kept from workers here: ${this.#guard.problem()}`);
    else log.info(fields, 'workers here get jobs again');
    holdBack?.(this.#endpoint.name, isHeld);
  }

  async #spill(jobId: string, keyId: string | undefined, reason: RouteReason): Promise<void> {
    const { clock, ids, queue, store, leaseMs, log, costs } = this.#options;
    const place = this.#places.find((one) => one.room() > 0);
    if (!place || (this.#endpoint.urlFields && (await this.#isTooLarge(jobId)))) return;
    const { endpointId } = place.settings;
    const workerId = remoteWorkerId(endpointId, ids.short(10));
    if (!costs.reserve(workerId, { endpoint: this.#endpoint.name, keyId })) return;
    // A worker here may have been faster.
    const placed = await queue.place(jobId, workerId, leaseMs).catch((error: unknown) => {
      costs.release(workerId);
      throw error;
    });
    if (!placed) return costs.release(workerId);
    const attempt: RemoteAttempt = {
      ...{ workerId, jobId, reason: this.#reasonFor(place, reason), state: 'open' },
      ...{ endpoint: this.#endpoint.name, remoteEndpoint: endpointId },
      number: placed.after.attempt,
      routedAt: clock.now(),
    };
    await store.open(attempt);
    // The transition has no input.
    const job = await queue.get(jobId);
    if (job?.lease?.workerId !== workerId) return store.end(workerId, 'over', clock.now());
    log.info({ jobId, endpoint: attempt.endpoint, reason: attempt.reason.message }, 'a job goes to RunPod');
    this.log.add(workerId, `job ${jobId} goes to ${endpointId}: ${attempt.reason.message}`);
    if (reason.code === 'LOCAL_UNABLE') this.#unableAt = clock.now();
    const whole = await this.#withInput(attempt, job);
    if (whole) this.#run(place, attempt, whole);
  }

  /** Where it can't be read now, the job waits here again. */
  async #withInput({ workerId, jobId }: RemoteAttempt, job: Job): Promise<Job | undefined> {
    const { clock, queue, store, log, costs } = this.#options;
    try {
      const value = parseReference(job.input);
      if (value) await queue.checkValue(value);
      return job;
    } catch (error) {
      log.warn({ jobId, err: error }, 'the input of a job could not be read; it does not go to RunPod now');
      costs.release(workerId);
      await store.end(workerId, 'over', clock.now());
      await queue.handBackJob(workerId, jobId, 'its input could not be read from the storage');
      return undefined;
    }
  }

  async #isTooLarge(jobId: string): Promise<boolean> {
    const { queue } = this.#options;
    const job = await queue.get(jobId);
    const isLarge = (parseReference(job?.input)?.sizeBytes ?? 0) > INPUT_LIMIT_BYTES;
    let why = job && this.#tooLarge(job.input);
    try {
      const look = (whole: Job) => this.#tooLarge(whole.input);
      if (job && isLarge) why = await queue.withWhole(job, ['input'], look);
    } catch {
      // One that can't be read now is asked for again at the next look.
      return true;
    }
    if (why !== undefined) this.#refused.set(jobId, why);
    return why !== undefined;
  }

  /** Why the input does not go there, as a clause. */
  #tooLarge(input: string): string | undefined {
    const plan = planInput(input, this.#endpoint.urlFields ?? [], INPUT_LIMIT_BYTES);
    if (plan.type === 'too-large') return plan.why;
    return plan.type === 'moves' ? this.#options.inputs?.obstacle : undefined;
  }

  /** The input as it goes out: signed anew, and with URLs in place of what is too large. */
  async #inputFor(job: Job): Promise<MovedInput> {
    const { inputFor, inputs } = this.#options;
    const plan = planInput(job.input, this.#endpoint.urlFields ?? [], INPUT_LIMIT_BYTES);
    if (plan.type !== 'moves' || !inputs) return { input: inputFor(job), forget: async () => undefined };
    try {
      const { input, forget } = await inputs.moveOut(job, plan.fields);
      return { input: inputFor({ ...job, input }), forget };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      this.#refused.set(job.id, `its input could not be kept as an artifact: ${said}`);
      throw error;
    }
  }

  /** Why it goes to this one, where those before it did not take it. */
  #reasonFor(place: RemotePlace, reason: RouteReason): RouteReason {
    const passed = this.#places
      .slice(0, this.#places.indexOf(place))
      .map((one) => `${one.settings.endpointId} takes none: ${one.problem() ?? 'it is full'}`);
    return passed.length === 0 ? reason : { ...reason, message: [reason.message, ...passed].join('; ') };
  }

  #run(place: RemotePlace, attempt: RemoteAttempt, job: Job): void {
    const { workerId } = attempt;
    const lease = new AbortController();
    this.#leases.set(workerId, lease);
    const hint = createHint();
    this.#hints.set(workerId, hint);
    const isTrial = place.isOnTrial();
    if (isTrial) place.note({ type: 'trial' });
    const signals = { lost: lease.signal, stopping: this.#stopping.signal, hint };
    const run = runRemoteAttempt(this.#partsFor(place, job, workerId), attempt, job, signals)
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#options.log.warn({ jobId: job.id, err: error }, 'an attempt at RunPod could not be followed');
        // Its lease ends by itself, and what it has there is swept.
        return this.#options.store.end(workerId, 'cancel', this.#options.clock.now()).catch(() => undefined);
      })
      .then(() => {
        this.#leases.delete(workerId);
        this.#hints.delete(workerId);
        place.running.delete(workerId);
        this.#options.costs.release(workerId);
        // One that never called has told nothing.
        if (isTrial) place.note({ type: 'trial-void' });
        this.poke();
      });
    place.running.set(workerId, run);
  }

  #partsFor(place: RemotePlace, job: Job, workerId: string) {
    const { queue, store, clock, random, local, costs, hooks } = this.#options;
    return {
      ...{ queue, store, clock, random, client: place.client },
      inputFor: () => queue.withWhole(job, ['input'], (whole) => this.#inputFor(whole)),
      webhook: hooks?.urlFor(workerId),
      tell: (text: string) => this.log.add(workerId, `job ${job.id} ${text}`),
      onCall: (latencyMs: number, problem?: string) => place.note({ type: 'called', latencyMs, problem }),
      onReport: (report: { executionMs?: number; workerId?: string }) => costs.note(workerId, report),
      onRefusal: (problem: string) => place.note({ type: 'health', problem }),
      returnReason: () =>
        decideReturn({
          local: this.#viewLocal(),
          waitingHere: queue.counts(job.endpoint).ready,
          remoteProblem: place.problem(),
          isElsewhere: this.#places.some((one) => one !== place && one.room() > 0),
        }),
      refuseJob: async ({ id, lease, attempt }: Job, problem: string) => {
        this.#refused.set(id, problem);
        if (local(this.#endpoint).type !== 'none' || !lease) return;
        const by = { workerId: lease.workerId, wireId: lease.wireId, attempt };
        const error = `RunPod refused the job: ${problem}`;
        await queue.fail(by, { error, failureType: 'INPUT_INVALID', isRetryable: false });
      },
    };
  }

  /** The attempts' hands are elsewhere, and here is their heartbeat. */
  async #keepLeases(): Promise<void> {
    const { clock, queue, leaseMs } = this.#options;
    while (!this.#stopping.signal.aborted) {
      for (const workerId of this.#leases.keys()) {
        const wireIds = new Set(queue.held.of(workerId).map(({ wireId }) => wireId));
        await queue.heartbeat(workerId, wireIds).catch(() => undefined);
      }
      await clock.sleep(leaseMs / 4, this.#stopping.signal);
    }
  }

  async #sweep(): Promise<void> {
    const { clock, store, log } = this.#options;
    const { name } = this.#endpoint;
    while (!this.#stopping.signal.aborted) {
      this.#sweepNow.take();
      await sweepRemote(store, clock, name, (one) => this.#placeOf(one)).catch((error: unknown) =>
        log.warn({ endpoint: name, err: error }, 'attempts at RunPod could not be swept'),
      );
      await clock.sleep(SWEEP_EVERY_MS, AbortSignal.any([this.#stopping.signal, this.#sweepNow.signal]));
    }
  }
}
