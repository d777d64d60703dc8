import { durationText } from '../../text.ts';
import { type Check, CheckFailed, CheckSkipped } from '../check.ts';
import { answerOf, cosine, embeddingOf, lengthOf, objectOf, refusalOf, timesOf } from './clip-answer.ts';
import { type ClipSession, decideSigner, probeSigner, type SignerSources } from './clip-session.ts';
import { servePicture } from './picture-server.ts';

/** Two vectors of the same picture may differ by rounding: other batch sizes and threads add up in another order. */
const SAME = 0.9999;

/** Names of checks whose answers others look at. */
export const IMAGE = 'image as base64';
export const DIFFERENT = 'another picture differs';
export const TEXT = 'text';

/** What a clip worker does for those who may ask. */
export function createEmbeddingChecks(session: ClipSession, sources: SignerSources): Check[] {
  return [
    { name: 'signatures', run: (signal) => settleSigner(session, sources, signal) },
    { name: IMAGE, run: (signal) => checkImage(session, signal) },
    { name: 'fields of the answer', run: async () => checkFields(session) },
    { name: 'length of the vector', run: async () => checkLength(session) },
    { name: 'L2 norm', run: async () => checkNorm(session) },
    { name: 'same picture again', run: (signal) => checkAgain(session, signal) },
    { name: DIFFERENT, run: (signal) => checkDifferent(session, signal) },
    { name: 'normalize: false', run: (signal) => checkRaw(session, signal) },
    { name: 'image by URL', run: (signal) => checkUrl(session, signal) },
    { name: TEXT, run: (signal) => checkText(session, signal) },
    { name: 'texts find their pictures', run: (signal) => checkMeaning(session, signal) },
    { name: 'batch', run: (signal) => checkBatch(session, signal) },
  ];
}

async function settleSigner(
  session: ClipSession,
  sources: SignerSources,
  signal: AbortSignal,
): Promise<string> {
  const signer = decideSigner(session.target.signedName, sources) ?? (await probeSigner(session, signal));
  session.settle(signer);
  return signer.isSigning ? `signed with the secret of ${signer.origin}` : signer.origin;
}

async function checkImage(session: ClipSession, signal: AbortSignal): Promise<string> {
  const request_id = session.requestId();
  const { answer, reply } = await session.embed(
    { image: session.circle, request_id, normalize: true },
    signal,
  );
  session.keep(IMAGE, { ...answer, fields: { ...answer.fields, wanted_id: request_id } });
  return `${nameOf(answer.fields)}; ${timesOf(reply)}`;
}

function nameOf({ model, pretrained }: Readonly<Record<string, unknown>>): string {
  return pretrained === undefined ? String(model) : `${String(model)} (${String(pretrained)})`;
}

function checkFields(session: ClipSession): string {
  const { fields } = session.kept(IMAGE);
  const problems: string[] = [];
  const expect = (name: string, isRight: boolean, wanted: string) => {
    if (!isRight)
      problems.push(`${name}: expected ${wanted}, found ${JSON.stringify(fields[name]) ?? 'nothing'}`);
  };
  expect('request_id', fields.request_id === fields.wanted_id, `"${String(fields.wanted_id)}" back`);
  expect('dim', Number.isInteger(fields.dim), 'a whole number');
  expect('model', typeof fields.model === 'string' && fields.model !== '', 'a name');
  expect('pretrained', typeof fields.pretrained === 'string', 'a name');
  expect('normalized', fields.normalized === true, 'true');
  const timings = objectOf(fields.timings);
  const names = ['download_ms', 'inference_ms', 'total_ms'];
  const isTimed = names.every((name) => typeof timings?.[name] === 'number');
  expect('timings', isTimed, `${names.join(', ')} in milliseconds`);
  if (problems.length > 0) throw new CheckFailed(problems.join('; '));
  return 'request_id, embedding, dim, model, pretrained, normalized, timings';
}

function checkLength(session: ClipSession): string {
  const { vector, fields } = session.kept(IMAGE);
  if (fields.dim !== vector.length)
    throw new CheckFailed(`dim says ${String(fields.dim)}, and the embedding has ${vector.length} numbers`);
  return `${vector.length} numbers, as dim says`;
}

function checkNorm(session: ClipSession): string {
  const length = lengthOf(session.kept(IMAGE).vector);
  if (Math.abs(length - 1) > 0.001)
    throw new CheckFailed(`expected 1 for a normalized vector, found ${length.toFixed(4)}`);
  return length.toFixed(4);
}

async function checkAgain(session: ClipSession, signal: AbortSignal): Promise<string> {
  const first = session.kept(IMAGE).vector;
  const startedAt = performance.now();
  const { answer, reply } = await session.embed(
    { image: session.circle, request_id: session.requestId() },
    signal,
  );
  const tookMs = performance.now() - startedAt;
  return `${expectSame(first, answer.vector)}; warm ${durationText(tookMs)} there and back, ${timesOf(reply)}`;
}

/** @throws CheckFailed */
export function expectSame(first: readonly number[], other: readonly number[]): string {
  const near = cosine(first, other);
  if (near < SAME) throw new CheckFailed(`cosine ${near.toFixed(4)}, expected 1`);
  return `cosine ${near.toFixed(4)}`;
}

async function checkDifferent(session: ClipSession, signal: AbortSignal): Promise<string> {
  const first = session.kept(IMAGE).vector;
  const { answer } = await session.embed({ image: session.square, request_id: session.requestId() }, signal);
  session.keep(DIFFERENT, answer);
  const near = cosine(first, answer.vector);
  if (near >= SAME) throw new CheckFailed(`cosine ${near.toFixed(4)}: every picture gets the same vector`);
  return `cosine ${near.toFixed(4)}`;
}

async function checkRaw(session: ClipSession, signal: AbortSignal): Promise<string> {
  const first = session.kept(IMAGE).vector;
  const input = { image: session.circle, request_id: session.requestId(), normalize: false };
  const { answer } = await session.embed(input, signal);
  if (answer.fields.normalized !== false)
    throw new CheckFailed(`normalized: expected false, found ${JSON.stringify(answer.fields.normalized)}`);
  const near = expectSame(first, answer.vector);
  return `length ${lengthOf(answer.vector).toFixed(2)}, same direction (${near})`;
}

/** Signed as existing callers sign. */
async function checkUrl(session: ClipSession, signal: AbortSignal): Promise<string> {
  const { target, imageUrl } = session;
  const signer = session.signer();
  if (imageUrl === undefined && !target.isLocal)
    throw new CheckSkipped('needs a picture that the worker can fetch: name one with --image-url');
  const server = imageUrl === undefined ? await servePicture(session.circlePng) : undefined;
  try {
    const image_url = imageUrl ?? server?.url ?? '';
    const input = signer.jobV0({ image_url, request_id: session.requestId(), normalize: true });
    const reply = await target.run(input, { signal });
    const refusal = refusalOf(reply);
    if (server && refusal?.code === 'DOWNLOAD_ERROR')
      throw new CheckSkipped(
        `the worker doesn't fetch from this machine (${refusal.message.replace(/\.$/, '')}); name a picture that it can fetch with --image-url`,
      );
    const { vector } = answerOf(reply);
    session.accepted();
    const near = server ? `${expectSame(session.kept(IMAGE).vector, vector)}; ` : '';
    return `${signer.isSigning ? 'signature version 0; ' : ''}${near}${timesOf(reply)}`;
  } finally {
    server?.stop();
  }
}

async function checkText(session: ClipSession, signal: AbortSignal): Promise<string> {
  const { vector } = session.kept(IMAGE);
  const [text] = session.captions;
  const input = { text, request_id: session.requestId() };
  const reply = await session.target.run(session.signer().job(input), { signal });
  const refusal = refusalOf(reply);
  if (refusal && /has no text tower/.test(refusal.message)) throw new CheckSkipped(refusal.message);
  const answer = answerOf(reply);
  session.keep(TEXT, answer);
  if (answer.vector.length !== vector.length)
    throw new CheckFailed(`${answer.vector.length} numbers, and a picture has ${vector.length}`);
  return `${answer.vector.length} numbers, as of a picture; ${timesOf(reply)}`;
}

/** Fails where the two towers, or the tokenizer, don't belong together. */
async function checkMeaning(session: ClipSession, signal: AbortSignal): Promise<string> {
  const pictures = [session.kept(IMAGE).vector, session.kept(DIFFERENT).vector] as const;
  const circleText = session.kept(TEXT).vector;
  const [circleCaption, squareCaption] = session.captions;
  const { answer } = await session.embed({ text: squareCaption, request_id: session.requestId() }, signal);
  const rows = [
    { caption: circleCaption, own: cosine(circleText, pictures[0]), other: cosine(circleText, pictures[1]) },
    {
      caption: squareCaption,
      own: cosine(answer.vector, pictures[1]),
      other: cosine(answer.vector, pictures[0]),
    },
  ];
  const wrong = rows.find(({ own, other }) => own <= other);
  if (wrong)
    throw new CheckFailed(
      `"${wrong.caption}" is no nearer to its own picture (${wrong.own.toFixed(3)}) than to the other (${wrong.other.toFixed(3)})`,
    );
  return rows
    .map(
      ({ caption, own, other }) =>
        `"${caption}" ${own.toFixed(3)} to its own, ${other.toFixed(3)} to the other`,
    )
    .join('; ');
}

/** Two pictures and something that is none: the order is kept, and each is answered by itself. */
async function checkBatch(session: ClipSession, signal: AbortSignal): Promise<string> {
  session.kept(IMAGE);
  const ids = [session.requestId(), session.requestId(), session.requestId()];
  const pictures = [session.circle, session.square, Buffer.from('no picture').toString('base64')];
  const images = pictures.map((image, at) => ({ image, request_id: ids[at] }));
  const reply = await session.target.run(session.signer().job({ images }), { signal });
  const refusal = refusalOf(reply);
  if (refusal) throw new CheckFailed(`${reply.status}: ${refusal.message}`);
  const results: unknown = objectOf(reply.output)?.results;
  if (!Array.isArray(results) || results.length !== images.length)
    throw new CheckFailed(`results: expected a list of ${images.length}`);
  for (const [at, id] of ids.entries()) {
    const found = objectOf(results[at])?.request_id;
    if (found !== id)
      throw new CheckFailed(`results[${at}]: expected the answer to ${id}, found ${String(found)}`);
  }
  expectSame(session.kept(IMAGE).vector, embeddingOf(results[0], 'results[0]').vector);
  expectSame(session.kept(DIFFERENT).vector, embeddingOf(results[1], 'results[1]').vector);
  if (objectOf(objectOf(results[2])?.error) === undefined)
    throw new CheckFailed('results[2]: expected an error for what is no picture');
  return `2 pictures as they were alone, the third refused by itself; ${timesOf(reply)}`;
}
