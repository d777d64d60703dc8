import type { Endpoint, RemoteBackend } from '../endpoints/endpoint.ts';
import type { Job } from '../jobs/job.ts';
import type { JobChange } from '../jobs/queue.ts';
import { AttemptsThere } from './attempts-there.ts';
import { decideRoute, type LocalView, waitNeededMs } from './decide-route.ts';
import { createFaultyFetch } from './faulty-fetch.ts';
import { createHandOver } from './hand-over.ts';
import { createHint } from './hints.ts';
import type { HandOver } from './job-on-its-way.ts';
import { createLocalGuard } from './local-guard.ts';
import { createOutgoingInputs, INPUT_LIMIT_BYTES, sweepMovedInputs } from './outgoing-inputs.ts';
import { createRemotePlace, type RemotePlace } from './remote-backend.ts';
import { createRemoteLog, type RemoteLog } from './remote-log.ts';
import type { RemoteAttempt } from './remote-store.ts';
import { sweepRemote } from './remote-sweep.ts';
import type { SpillObstacle, SpillRouterOptions } from './spill-options.ts';

/**
 * The loop that hands waiting jobs of one endpoint to RunPod, to the first of its backends there that takes them, and
 * those on that wait there in vain; it goes on with what the last gateway left, and has cancelled there what counts no
 * more. What is to go is decided by `decideRoute` and `decideMoves`.
 */
const STOP_WITHIN_MS = 5_000;
const SWEEP_EVERY_MS = 10_000;
const AFTER_ERROR_MS = 1_000;
const IDLE_MS = 60_000;
/** While jobs go elsewhere because workers here can't run them, and so long after, one is wanted here on trial. */
const TRIAL_WANTED_MS = 60_000;

type AskedJob = Pick<Job, 'id' | 'endpoint' | 'keyId'> & { readonly input?: string };

export class EndpointRoute {
  /** What is known of its attempts there, as lines. */
  readonly log: RemoteLog;
  readonly #options: SpillRouterOptions;
  readonly #endpoint: Endpoint;
  readonly #rule: Pick<RemoteBackend, 'queueDelayMs' | 'onUnhealthy'>;
  readonly #places: readonly RemotePlace[];
  readonly #guard;
  readonly #outgoing;
  readonly #attempts: AttemptsThere;
  readonly #handOver: (one: HandOver) => Promise<boolean>;
  readonly #stopping = new AbortController();
  readonly #sweepNow = createHint();
  /** Places of which the log says that they get no jobs. */
  readonly #toldBad = new Set<RemotePlace>();
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
    this.#outgoing = createOutgoingInputs(options, endpoint);
    const { name } = endpoint;
    const onError = (error: Error) =>
      options.log.warn(
        { endpoint: name, err: error },
        'what becomes of jobs at RunPod is not kept in a file',
      );
    this.log = createRemoteLog({ now, file: options.logFile?.(name), onError });
    this.#attempts = new AttemptsThere({
      ...options,
      ...{ places: this.#places, outgoing: this.#outgoing, remoteLog: this.log },
      stopping: this.#stopping.signal,
      view: () => this.#view(),
      sweepNow: () => this.#sweepNow.give(),
      onEnd: () => this.poke(),
    });
    this.#handOver = createHandOver({
      ...options,
      ...{ endpoint, places: this.#places, outgoing: this.#outgoing, attempts: this.#attempts },
      remoteLog: this.log,
    });
  }

  start(): void {
    this.#loops ??= Promise.all([this.#route(), this.#attempts.keepLeases(), this.#sweep()]);
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
    await this.log.close();
  }

  poke(): void {
    if (!this.#wake.signal.aborted) this.#wake.abort('poked');
  }

  note({ transition, isNew }: JobChange): void {
    if (transition) {
      this.#attempts.note(transition);
      this.#guard.note(transition);
      this.#holdBack();
    }
    if (transition?.after.finishedAt !== undefined) this.#outgoing.forget(transition.after.id);
    if (isNew || transition?.after.status === 'IN_QUEUE') this.poke();
  }

  wantsTrial(): boolean {
    const isWanted = this.#options.local(this.#endpoint).type === 'unable' || this.#guard.wantsTrial();
    return isWanted && this.#options.clock.now() - this.#unableAt < TRIAL_WANTED_MS;
  }

  obstacle(job: AskedJob): SpillObstacle | undefined {
    const refusal = this.#outgoing.refusal(job.id);
    if (refusal !== undefined) return { code: 'RUNPOD', message: `RunPod does not take it: ${refusal}` };
    const tooLarge = job.input === undefined ? undefined : this.#outgoing.tooLarge(job.input);
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
  resume(attempt: RemoteAttempt): Promise<void> {
    return this.#attempts.resume(attempt);
  }

  /** RunPod says that a job has ended there. */
  noteHook(attempt: RemoteAttempt, remoteId: string | undefined): Promise<void> {
    return this.#attempts.noteHook(attempt, remoteId);
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
    const beganAt = clock.now();
    // Those that wait in a queue there may go on to another.
    const isWanted = ready > 0 || this.#attempts.waiting().length > 0;
    this.#probe(isWanted);
    this.#tellPlaces();
    this.#holdBack();
    const nextAt = Math.min(
      this.#nextLookAt(beganAt, atLatest, isWanted),
      this.#attempts.moveOn() ?? atLatest,
    );
    const onward = this.#attempts.takeOnward();
    if (ready === 0 || isPaused(name)) return nextAt;
    const blockedUntil = this.#options.costs.blockedUntil(name);
    if (blockedUntil !== undefined) return Math.min(nextAt, blockedUntil);
    for (const one of onward) await this.#spill(one);
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
            limit: room + this.#outgoing.refusals(),
            exceptKeys: this.#options.costs.blockedKeys(name),
          });
    const decision = decideRoute({
      ...{ rule, local, room, now },
      waiting: waiting.filter(({ id }) => this.#outgoing.refusal(id) === undefined),
      oldestSince: await queue.oldestQueuedAt(name),
    });
    const keys = new Map(waiting.map(({ id, keyId }) => [id, keyId]));
    for (const { jobId, reason } of decision.spill)
      await this.#spill({ jobId, reason, keyId: keys.get(jobId) });
    return Math.min(nextAt, decision.lookAgainAt ?? atLatest);
  }

  /** Never waited for: a backend that answers slowly must not hold up jobs that go to another, or come home. */
  #probe(isWanted: boolean): void {
    for (const place of this.#places)
      void place.probe(isWanted).then((hasAsked) => hasAsked && this.#isGoingOn() && this.poke());
  }

  /** Once an outage, however often it is tried meanwhile. */
  #tellPlaces(): void {
    const { log } = this.#options;
    for (const place of this.#places) {
      const fields = { endpoint: this.#endpoint.name, remoteEndpoint: place.settings.endpointId };
      const problem = place.problem();
      if (problem !== undefined && !this.#toldBad.has(place)) {
        this.#toldBad.add(place);
        log.warn(fields, `no jobs go to RunPod for now: ${problem}`);
      } else if (problem === undefined && !place.isOnTrial() && this.#toldBad.delete(place))
        log.info(fields, 'jobs go to RunPod again');
    }
  }

  #isGoingOn(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** What was due at this look already and has not been done waits for a job, which pokes: looking again does nothing. */
  #nextLookAt(beganAt: number, atLatest: number, isWanted: boolean): number {
    const times = [...this.#places.map((place) => place.nextProbeAt(isWanted)), this.#guard.nextTrialAt()];
    const ahead = times.filter((at) => at !== undefined && at > beganAt) as number[];
    return Math.min(atLatest, ...ahead.map((at) => Math.max(this.#options.clock.now() + 1, at)));
  }

  #viewLocal(): LocalView {
    const local = this.#options.local(this.#endpoint);
    const problem = this.#guard.problem();
    return local.type === 'able' && problem !== undefined ? { type: 'unable', why: problem } : local;
  }

  #view() {
    const { queue, costs, isPaused } = this.#options;
    const { name } = this.#endpoint;
    const isStopped = isPaused(name) || costs.blockedUntil(name) !== undefined;
    const blocked = new Set(costs.blockedKeys(name));
    return {
      local: this.#viewLocal(),
      waitingHere: queue.counts(name).ready,
      places: this.#places.map((place) => place.view()),
      mayGoOn: ({ keyId }: Pick<Job, 'keyId'>) => !isStopped && !blocked.has(keyId ?? ''),
    };
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

  async #spill(one: HandOver): Promise<void> {
    const hasGone = await this.#handOver(one);
    if (hasGone && one.reason.code === 'LOCAL_UNABLE') this.#unableAt = this.#options.clock.now();
  }

  async #sweep(): Promise<void> {
    const { clock, store, log, inputs } = this.#options;
    const { name } = this.#endpoint;
    while (!this.#stopping.signal.aborted) {
      this.#sweepNow.take();
      try {
        await sweepRemote(store, clock, name, (remote) => this.#attempts.placeOf(remote));
        await sweepMovedInputs(store, inputs, name);
      } catch (error) {
        log.warn({ endpoint: name, err: error }, 'attempts at RunPod could not be swept');
      }
      await clock.sleep(SWEEP_EVERY_MS, AbortSignal.any([this.#stopping.signal, this.#sweepNow.signal]));
    }
  }
}
