import {
  AUTHENTICATION_FAILED,
  createReplayGuard,
  createVerifier,
  jobTextV0,
  type RefusalCode,
  type ReplayGuard,
  type Verifier,
} from '@spillway/sdk/signing';
import type { Signing } from '../endpoints/endpoint.ts';
import type { EndpointDirectory } from '../endpoints/endpoint-directory.ts';
import { GatewayError } from '../errors.ts';
import type { Job } from '../jobs/job.ts';
import type { IdempotentSubmit, UsedSignature } from '../jobs/job-store.ts';
import type { JobQueue, OnceResult, Submission } from '../jobs/queue.ts';
import { joinJsonObject, sliceJsonObject } from '../lib/json-slices.ts';
import { createFreshSignatures } from './fresh-signature.ts';
import { openSeal, type SignatureVersion, sealOf } from './seal.ts';
import type { SignatureStore } from './signature-store.ts';
import { readSignedInput, type SignedUnit } from './signed-input.ts';

const MOST_SHOWN = 5;
/** Fields with which the input of an embedding asks for something else than `image_url`. */
const OTHER_WORK = ['image', 'images', 'text', 'texts', 'openai_route', 'openai_input'];

const hasField = (value: Readonly<Record<string, unknown>>, field: string): boolean =>
  value[field] !== undefined && value[field] !== null;

export interface JobSignaturesOptions {
  readonly endpoints: Pick<EndpointDirectory, 'get'>;
  readonly queue: Pick<JobQueue, 'submit' | 'submitOnce'>;
  readonly store: SignatureStore;
  /** Wall clock, epoch milliseconds. */
  readonly wallTime: () => number;
  readonly newNonce: () => string;
  /** For the log: callers are told nothing but that it failed. */
  readonly onRefused: (endpoint: string, reason: RefusalCode) => void;
}

/**
 * Signed jobs. On an endpoint with `hmac: true` a signature is verified once, at the submit, and is stored nowhere: a
 * seal stands in its place, which each attempt has replaced by a fresh signature, however long the job has waited. A
 * submit without a good one is a job that has FAILED. On other endpoints inputs pass as they are, but for those that
 * the gateway made itself.
 */
export class JobSignatures {
  readonly #options: JobSignaturesOptions;
  readonly #replays: ReplayGuard;
  readonly #fresh: ReturnType<typeof createFreshSignatures>;
  readonly #verifiers = new Map<string, Verifier>();

  constructor(options: JobSignaturesOptions) {
    const { wallTime: now, store } = options;
    this.#options = options;
    // One for all endpoints, since version 0 does not say which one it is for.
    this.#replays = createReplayGuard({ now });
    this.#fresh = createFreshSignatures(options);
    for (const { signature, holder, until } of store.load(now()))
      this.#replays.claim(signature, holder, until);
  }

  /** Throws HMAC_SECRET_MISSING. */
  async submit(submission: Submission): Promise<Job> {
    const admitted = this.#admit(submission, this.#options.newNonce());
    try {
      return await this.#options.queue.submit(admitted);
    } catch (error) {
      this.#release(admitted.used?.signatures);
      throw error;
    }
  }

  /** What was submitted under the key before may come again with the same signature. Throws HMAC_SECRET_MISSING. */
  async submitOnce(submission: Submission, once: IdempotentSubmit): Promise<OnceResult> {
    const { queue } = this.#options;
    const admitted = this.#admit(submission, `${submission.endpoint}/${once.key}`);
    try {
      if (admitted.refusal === undefined) return await queue.submitOnce(admitted, once);
      // The key stays free for the same submit with a good signature.
      const { id } = await queue.submit(admitted);
      return { type: 'inserted', jobId: id };
    } catch (error) {
      this.#release(admitted.used?.signatures);
      throw error;
    }
  }

  /**
   * Requests of a batch (bodies as `/run` takes them) with their inputs sealed, since they may wait for days. Resolves
   * when their signatures are on disk as used. Throws HMAC_SECRET_MISSING, and SIGNATURE_REFUSED that names those without
   * a good one; none is used up then.
   */
  async admitRequests(endpoint: string, bodies: readonly string[]): Promise<readonly string[]> {
    const { store, wallTime, newNonce } = this.#options;
    const signing = this.#verifying(endpoint);
    if (!signing) return bodies;
    const admitted = bodies.map((body) => {
      const slices = sliceJsonObject(body);
      return { slices, ...this.#admitInput(endpoint, signing, slices.get('input') ?? '{}', newNonce()) };
    });
    const signatures = admitted.flatMap(({ used }) => used);
    const refused = admitted.flatMap(({ reason }, at) => (reason === undefined ? [] : [`[${at}]`]));
    if (refused.length > 0) {
      this.#release(signatures);
      throw refusedRequests(refused, bodies.length);
    }
    await store.keep({ signatures, now: wallTime() });
    return admitted.map(({ slices, input }) => joinJsonObject([...slices.set('input', input)]));
  }

  /** Whether submits to the endpoint must be signed. */
  verifies(endpoint: string): boolean {
    return this.#options.endpoints.get(endpoint)?.signing?.isVerified === true;
  }

  /** Whether attempts of the endpoint may get signatures of their own. */
  signs(endpoint: string): boolean {
    const signing = this.#options.endpoints.get(endpoint)?.signing;
    return signing !== undefined && signing.secrets.length > 0;
  }

  /** The input without what is signed anew for each submit: two submits of the same work have the same. */
  bareInput(endpoint: string, input: string): string {
    if (!this.verifies(endpoint)) return input;
    const read = readSignedInput(input);
    return read.write(read.units.map(({ bare }) => bare));
  }

  /** An input that the gateway made itself, for workers that want a signature. */
  seal(endpoint: string, input: string): string {
    const signing = this.#options.endpoints.get(endpoint)?.signing;
    const [unit] = readSignedInput(input).units;
    const [secret] = signing?.secrets ?? [];
    if (secret === undefined || unit === undefined) return input;
    return unit.withAuth(sealOf(secret, { endpoint, bare: unit.bare }, 1));
  }

  /** The job's input as this attempt's worker gets it. */
  forAttempt({ endpoint, input }: Pick<Job, 'endpoint' | 'input'>): string {
    const signing = this.#options.endpoints.get(endpoint)?.signing;
    // A look for the word is far cheaper than reading an input that holds a picture.
    if (!signing || signing.secrets.length === 0 || !input.includes('"seal"')) return input;
    const read = readSignedInput(input);
    return read.write(
      read.units.map((unit) => {
        const version = versionOf(endpoint, signing, unit);
        if (version === undefined) return unit.text;
        return unit.withAuth(this.#fresh.sign(endpoint, signing, unit, version));
      }),
    );
  }

  /** Whether the job's signature was good, where that matters: what was refused does not run by being retried. */
  mayRetry({ endpoint, input }: Pick<Job, 'endpoint' | 'input'>): boolean {
    const signing = this.#options.endpoints.get(endpoint)?.signing;
    if (!signing?.isVerified) return true;
    return readSignedInput(input).units.some((unit) => versionOf(endpoint, signing, unit) !== undefined);
  }

  #admit(submission: Submission, holder: string): Submission {
    const { endpoint } = submission;
    const signing = this.#verifying(endpoint);
    if (!signing) return submission;
    const { input, used, reason, requestId } = this.#admitInput(endpoint, signing, submission.input, holder);
    if (reason === undefined)
      return { ...submission, input, used: { signatures: used, now: this.#options.wallTime() } };
    const output = JSON.stringify({ error: AUTHENTICATION_FAILED, request_id: requestId });
    return { ...submission, input, refusal: { error: AUTHENTICATION_FAILED, output } };
  }

  /** Undefined where submits need no signature. Throws HMAC_SECRET_MISSING. */
  #verifying(endpoint: string): Signing | undefined {
    const signing = this.#options.endpoints.get(endpoint)?.signing;
    if (!signing?.isVerified) return undefined;
    if (signing.secrets.length === 0) throw noSecret(endpoint);
    return signing;
  }

  /**
   * `holder` is what the signatures are used for: the same picture twice in one batch, signed in the same second, is no
   * replay. In a batch that is signed item by item, those without a good signature stay without any: the worker answers them.
   */
  #admitInput(endpoint: string, signing: Signing, input: string, holder: string): Admitted {
    const [secret = ''] = signing.secrets;
    const read = readSignedInput(input);
    const used: UsedSignature[] = [];
    let isGood = false;
    let reason: RefusalCode | undefined;
    const texts = read.units.map((unit) => {
      const verdict = this.#verify(endpoint, signing, unit, holder);
      if (typeof verdict === 'string') {
        reason = verdict;
        return unit.bare;
      }
      isGood = true;
      if (verdict.used) used.push(verdict.used);
      return unit.withAuth(sealOf(secret, { endpoint, bare: unit.bare }, verdict.version));
    });
    if (reason !== undefined) this.#options.onRefused(endpoint, reason);
    return { input: read.write(texts), used, reason: isGood ? undefined : reason, requestId: read.requestId };
  }

  #verify(
    endpoint: string,
    signing: Signing,
    { auth, value }: SignedUnit,
    holder: string,
  ): RefusalCode | { version: SignatureVersion; used: UsedSignature | undefined } {
    const { image_url: url } = value;
    // It says nothing of a request but the picture's URL, so it may ask for that picture alone.
    const isPicture = typeof url === 'string' && !OTHER_WORK.some((field) => hasField(value, field));
    const good = this.#verifierOf(endpoint, signing).check(auth, {
      v0: isPicture ? (ts) => [jobTextV0(url, ts)] : undefined,
      v1: { method: 'JOB', path: endpoint, body: value },
    });
    if (typeof good === 'string') return good;
    const { version, sig: signature, until } = good;
    const claim = this.#replays.claim(signature, holder, until);
    if (claim === 'full') return 'TOO_MANY';
    if (claim === 'replayed') return 'REPLAYED';
    return { version, used: claim === 'new' ? { signature, holder, until } : undefined };
  }

  #verifierOf(name: string, { secrets, windowSeconds }: Signing): Verifier {
    const known = this.#verifiers.get(name);
    if (known) return known;
    const { wallTime: now } = this.#options;
    const made = createVerifier({ secrets, windowSeconds, now, replays: this.#replays });
    this.#verifiers.set(name, made);
    return made;
  }

  /** What came to nothing may be tried again. */
  #release(used: readonly UsedSignature[] = []): void {
    for (const { signature } of used) this.#replays.release(signature);
  }
}

interface Admitted {
  readonly input: string;
  /** Used up by this one; none that its holder had used before. */
  readonly used: readonly UsedSignature[];
  /** Set where nothing of it was signed well. */
  readonly reason: RefusalCode | undefined;
  readonly requestId: string | undefined;
}

function versionOf(endpoint: string, { secrets }: Signing, unit: SignedUnit): SignatureVersion | undefined {
  return openSeal(secrets, { endpoint, bare: unit.bare }, unit.auth);
}

function refusedRequests(refused: readonly string[], total: number): GatewayError {
  const shown = refused.slice(0, MOST_SHOWN).join(', ');
  return new GatewayError(
    'SIGNATURE_REFUSED',
    `${AUTHENTICATION_FAILED}: ${refused.length} of ${total} requests have no good signature in input.auth (${shown}); nothing was added`,
  );
}

function noSecret(endpoint: string): GatewayError {
  return new GatewayError(
    'HMAC_SECRET_MISSING',
    `the endpoint ${endpoint} takes signed jobs only (hmac: true) and has no secret to verify them with; its operator must set EMBEDDING_HMAC_SECRET in its env in spillway.yaml`,
  );
}
