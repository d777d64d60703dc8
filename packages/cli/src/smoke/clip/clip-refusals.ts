import { AUTHENTICATION_FAILED } from '@spillway/sdk/signing';
import { type Check, CheckFailed, CheckSkipped } from '../check.ts';
import type { SmokeReply } from '../target.ts';
import { refusalOf } from './clip-answer.ts';
import type { ClipSession } from './clip-session.ts';
import { createSigner, type Input, type Signer } from './signer.ts';

const HOUR_S = 3600;
const MOST_IN_BATCH = 16;

/** Addresses of this kind hold what callers must not get at, such as a cloud's credentials; the forms are ways around a guard. */
const PRIVATE_URLS = [
  'http://169.254.169.254/latest/meta-data/a.png',
  'http://[::ffff:169.254.169.254]/a.png',
  'http://2852039166/a.png',
  'http://10.0.0.1/a.png',
] as const;

/** What a clip worker must not do, whoever asks. */
export function createRefusalChecks(session: ClipSession, now: () => number): Check[] {
  const signed = (name: string, forge: (signer: Signer, input: Input) => Input): Check => ({
    name: `refused: ${name}`,
    run: (signal) => refuseSignature(session, forge, signal),
  });
  const invalid = (name: string, input: Input, codes: readonly string[]): Check => ({
    name: `refused: ${name}`,
    run: (signal) => refuseInput(session, input, codes, signal),
  });
  const foreign = createSigner({
    secret: 'another secret than that of the worker',
    origin: '',
    name: session.target.signedName,
    now,
  });
  const checks: readonly Check[] = [
    { name: 'refused: no signature', run: (signal) => refuseUnsigned(session, signal) },
    signed('wrong secret', (_signer, input) => foreign.job(input)),
    signed('signature of another request', (signer, input) => ({
      ...signer.job(input),
      request_id: 'changed after it was signed',
    })),
    signed('expired signature', (signer, input) => signer.job(input, { offsetSeconds: -HOUR_S })),
    signed('signature of the future', (signer, input) => signer.job(input, { offsetSeconds: HOUR_S })),
    { name: 'refused: replayed signature', run: (signal) => refuseReplay(session, signal) },
    { name: 'refused: private URL', run: (signal) => refusePrivateUrls(session, signal) },
    invalid('17 in a batch', { images: batchOf(session, MOST_IN_BATCH + 1) }, ['BATCH_TOO_LARGE']),
    invalid('empty text', { text: '' }, ['INPUT_INVALID']),
    invalid('what is no picture', { image: Buffer.from('no picture').toString('base64') }, [
      'INPUT_INVALID',
      'INFERENCE_ERROR',
    ]),
  ];
  return checks.map(({ name, run }) => ({
    name,
    async run(signal: AbortSignal) {
      session.needAccepted();
      return run(signal);
    },
  }));
}

const batchOf = (session: ClipSession, count: number): Input[] =>
  Array.from({ length: count }, () => ({ image: session.circle }));

const newInput = (session: ClipSession): Input => ({
  image: session.circle,
  request_id: session.requestId(),
});

async function refuseSignature(
  session: ClipSession,
  forge: (signer: Signer, input: Input) => Input,
  signal: AbortSignal,
): Promise<string> {
  const signer = signingSigner(session);
  return expectAuthFailure(await session.target.run(forge(signer, newInput(session)), { signal }));
}

async function refuseUnsigned(session: ClipSession, signal: AbortSignal): Promise<string> {
  signingSigner(session);
  const reply = await session.target.run(newInput(session), { signal });
  if (!refusalOf(reply))
    throw new CheckFailed(
      'the worker answered it; is EMBEDDING_AUTH=off set there? (--unsigned says that this is meant)',
    );
  return expectAuthFailure(reply);
}

function signingSigner(session: ClipSession): Signer {
  const signer = session.signer();
  if (!signer.isSigning) throw new CheckSkipped(signer.origin);
  return signer;
}

/** The sentence says nothing of what was wrong: that would help who tries. */
function expectAuthFailure(reply: SmokeReply): string {
  const refusal = refusalOf(reply);
  if (!refusal) throw new CheckFailed('the worker answered it');
  if (refusal.message !== AUTHENTICATION_FAILED)
    throw new CheckFailed(`expected "${AUTHENTICATION_FAILED}", found "${refusal.message}"`);
  return refusal.message;
}

async function refuseReplay(session: ClipSession, signal: AbortSignal): Promise<string> {
  const input = signingSigner(session).job(newInput(session));
  const first = await session.target.run(input, { signal });
  const refusal = refusalOf(first);
  if (refusal) throw new CheckFailed(`the first use was refused: ${refusal.message}`);
  const second = await session.target.run(input, { signal });
  const isOtherWorker = first.workerId !== undefined && first.workerId !== second.workerId;
  if (!refusalOf(second) && isOtherWorker)
    throw new CheckSkipped('the two uses went to two workers, and each remembers its own');
  return `${expectAuthFailure(second)}, the second time`;
}

async function refusePrivateUrls(session: ClipSession, signal: AbortSignal): Promise<string> {
  const signer = session.signer();
  for (const image_url of PRIVATE_URLS) {
    const reply = await session.target.run(signer.jobV0({ image_url, request_id: session.requestId() }), {
      signal,
    });
    const refusal = refusalOf(reply);
    if (!refusal) throw new CheckFailed(`${image_url} was not refused`);
    if (!/not on the public internet/.test(refusal.message))
      throw new CheckFailed(`${image_url} was not refused for its address, but: ${refusal.message}`);
  }
  return `${PRIVATE_URLS.length} forms of private addresses`;
}

async function refuseInput(
  session: ClipSession,
  input: Input,
  codes: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const reply = await session.target.run(session.signer().job(input), { signal });
  const refusal = refusalOf(reply);
  if (!refusal) throw new CheckFailed('the worker answered it');
  if (refusal.code === undefined || !codes.includes(refusal.code))
    throw new CheckFailed(
      `expected the code ${codes.join(' or ')}, found ${refusal.code ?? 'none'}: ${refusal.message}`,
    );
  return `${refusal.code}: ${refusal.message}`;
}
