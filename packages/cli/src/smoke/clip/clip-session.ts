import { CheckFailed, CheckSkipped } from '../check.ts';
import type { SmokeReply, SmokeTarget } from '../target.ts';
import { answerOf, type ClipAnswer } from './clip-answer.ts';
import { drawPictures } from './drawn-pictures.ts';
import { createOpenSigner, createSigner, type Input, type Signer } from './signer.ts';

/** What the checks of a clip worker share: how to sign, the pictures, and the answers that later checks compare with. */
export interface ClipSession {
  readonly target: SmokeTarget;
  readonly circle: string;
  readonly square: string;
  readonly circlePng: Buffer;
  readonly captions: readonly [string, string];
  /** A picture of the user's that the worker can fetch. */
  readonly imageUrl: string | undefined;
  /** A new id for each request. */
  requestId(): string;
  /** @throws CheckSkipped while it is not known how requests are signed. */
  signer(): Signer;
  settle(signer: Signer): void;
  /** Sends it signed. @throws CheckFailed with the reason when it is refused. */
  embed(input: Input, signal: AbortSignal): Promise<{ answer: ClipAnswer; reply: SmokeReply }>;
  /** A request that was signed as it should be was answered: only then does a refusal say anything. */
  accepted(): void;
  /** @throws CheckSkipped before that. */
  needAccepted(): void;
  /** Answers of earlier checks, by name. */
  keep(name: string, answer: ClipAnswer): void;
  /** @throws CheckSkipped when the check that was to bring it failed. */
  kept(name: string): ClipAnswer;
}

export function createClipSession(
  target: SmokeTarget,
  { imageUrl, newId }: { readonly imageUrl: string | undefined; readonly newId: () => string },
): ClipSession {
  const [circle, square] = drawPictures();
  const answers = new Map<string, ClipAnswer>();
  let settled: Signer | undefined;
  let isAccepted = false;
  const session: ClipSession = {
    target,
    circle: circle.png.toString('base64'),
    square: square.png.toString('base64'),
    circlePng: circle.png,
    captions: [circle.caption, square.caption],
    imageUrl,
    requestId: () => `smoke-${newId()}`,
    signer() {
      if (settled) return settled;
      throw new CheckSkipped('there is nothing to sign it with');
    },
    settle(signer) {
      settled = signer;
    },
    async embed(input, signal) {
      const reply = await target.run(session.signer().job(input), { signal });
      const answer = answerOf(reply);
      session.accepted();
      return { answer, reply };
    },
    accepted() {
      isAccepted = true;
    },
    needAccepted() {
      if (!isAccepted) throw new CheckSkipped('nothing was answered so far, so a refusal would say nothing');
    },
    keep: (name, answer) => void answers.set(name, answer),
    kept(name) {
      const answer = answers.get(name);
      if (answer) return answer;
      throw new CheckSkipped(`there is no answer to "${name}" to look at`);
    },
  };
  return session;
}

/** What is known here of how the worker wants to be asked. */
export interface SignerSources {
  readonly env: NodeJS.ProcessEnv;
  /** The endpoint's environment in ./spillway.yaml, where that is the gateway's. */
  readonly endpointEnv: Readonly<Record<string, string>> | undefined;
  /** `--unsigned` */
  readonly isUnsigned: boolean;
  /** What a pod says of itself. */
  readonly podAuth: () => unknown;
  readonly now: () => number;
}

/**
 * How requests are signed; undefined when nothing here says so.
 */
export function decideSigner(name: string, sources: SignerSources): Signer | undefined {
  const { env, endpointEnv, now } = sources;
  if (sources.isUnsigned) return createOpenSigner('nothing is signed, as --unsigned says');
  if (sources.podAuth() === 'off')
    return createOpenSigner('the worker wants no signatures (/info: auth off)');
  if (endpointEnv?.EMBEDDING_AUTH === 'off')
    return createOpenSigner('the worker wants no signatures (spillway.yaml: EMBEDDING_AUTH off)');
  const signed = (secret: string, origin: string) => createSigner({ secret, origin, name, now });
  if (env.EMBEDDING_HMAC_SECRET) return signed(env.EMBEDDING_HMAC_SECRET, 'the environment');
  const fromFile = endpointEnv?.EMBEDDING_HMAC_SECRET;
  return fromFile ? signed(fromFile, 'spillway.yaml') : undefined;
}

const NO_SECRET =
  'EMBEDDING_HMAC_SECRET is not set here, and the worker wants signatures; set it to the secret of the worker';

/** Asks without a signature, where nothing here says how the worker wants to be asked. @throws CheckFailed */
export async function probeSigner(session: ClipSession, signal: AbortSignal): Promise<Signer> {
  const input = { image: session.circle, request_id: session.requestId() };
  const { status } = await session.target.run(input, { signal });
  if (status !== 'COMPLETED') throw new CheckFailed(NO_SECRET);
  return createOpenSigner('the worker took a picture without a signature, and no secret is set here');
}
