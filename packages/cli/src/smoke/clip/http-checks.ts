import { AUTHENTICATION_FAILED } from '@spillway/sdk/signing';
import { type Check, CheckFailed, CheckSkipped } from '../check.ts';
import type { HttpReply, SmokeTarget } from '../target.ts';
import { type ClipAnswer, cosine, embeddingOf, objectOf } from './clip-answer.ts';
import { DIFFERENT, expectSame, IMAGE, TEXT } from './clip-checks.ts';
import type { ClipSession } from './clip-session.ts';
import type { Input } from './signer.ts';

const IMAGE_ROUTE = '/v1/embed/image';
const BATCH_ROUTE = '/v1/embed/image-batch';
const TEXT_ROUTE = '/v1/embed/text';
const OPENAI_ROUTE = '/v1/embeddings';

type Call = NonNullable<SmokeTarget['call']>;

/** What the routes of a clip worker's own HTTP face do; none where a gateway stands before it. */
export function createHttpChecks(session: ClipSession): Check[] {
  const { call } = session.target;
  if (!call) return [];
  const check = (
    name: string,
    run: (session: ClipSession, call: Call, signal: AbortSignal) => Promise<string>,
  ) => ({
    name,
    run: (signal: AbortSignal) => run(session, call, signal),
  });
  return [
    check(`POST ${IMAGE_ROUTE}`, checkImage),
    check(`POST ${BATCH_ROUTE}`, checkBatch),
    check(`POST ${TEXT_ROUTE}`, checkText),
    check(`POST ${OPENAI_ROUTE}`, checkOpenAi),
    check('refused over HTTP: no signature', refuseUnsigned),
    check('refused over HTTP: replayed signature', refuseReplay),
    check('refused over HTTP: 17 in a batch', refuseLargeBatch),
  ];
}

async function post(call: Call, path: string, body: Input, signal: AbortSignal): Promise<HttpReply> {
  const reply = await call(path, body, signal);
  if (reply.status === 404) throw new CheckSkipped(`the worker has no route ${path}`);
  return reply;
}

/** @throws CheckFailed for anything but a 200 with an object. */
function bodyOf({ status, body }: HttpReply): Readonly<Record<string, unknown>> {
  const fields = objectOf(body);
  if (status === 200 && fields) return fields;
  const message = objectOf(fields?.error)?.message;
  throw new CheckFailed(`HTTP ${status}: ${typeof message === 'string' ? message : 'no reason was given'}`);
}

const newImage = (session: ClipSession) => ({ image: session.circle, request_id: session.requestId() });

async function checkImage(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  const before = session.kept(IMAGE).vector;
  const input = session.signer().http(IMAGE_ROUTE, newImage(session));
  const body = bodyOf(await post(call, IMAGE_ROUTE, input, signal));
  if (body.request_id !== input.request_id)
    throw new CheckFailed(
      `request_id: expected ${String(input.request_id)}, found ${String(body.request_id)}`,
    );
  return `${expectSame(before, embeddingOf(body, 'the answer').vector)} to the answer of the job`;
}

/** Each with a signature of its own, as existing callers send them. */
async function checkBatch(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  const before = [session.kept(IMAGE), session.kept(DIFFERENT)];
  const items = [session.circle, session.square].map((image) =>
    session.signer().http(BATCH_ROUTE, { image, request_id: session.requestId() }),
  );
  const { results } = bodyOf(await post(call, BATCH_ROUTE, { items }, signal));
  if (!Array.isArray(results) || results.length !== items.length)
    throw new CheckFailed(`results: expected a list of ${items.length}`);
  for (const [at, { vector }] of before.entries())
    expectSame(vector, embeddingOf(results[at], `results[${at}]`).vector);
  return `${items.length} pictures, each with its signature, as they were alone`;
}

async function checkText(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  const before = session.kept(TEXT).vector;
  const [text] = session.captions;
  const input = session.signer().http(TEXT_ROUTE, { text, request_id: session.requestId() });
  const body = bodyOf(await post(call, TEXT_ROUTE, input, signal));
  return `${expectSame(before, embeddingOf(body, 'the answer').vector)} to the answer of the job`;
}

async function checkOpenAi(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  const before: ClipAnswer = session.kept(TEXT);
  const input = session.signer().http(OPENAI_ROUTE, { input: [...session.captions] });
  const { data } = bodyOf(await post(call, OPENAI_ROUTE, input, signal));
  if (!Array.isArray(data) || data.length !== session.captions.length)
    throw new CheckFailed(`data: expected a list of ${session.captions.length}`);
  const { vector } = embeddingOf(data[0], 'data[0]');
  const other = embeddingOf(data[1], 'data[1]').vector;
  return `${expectSame(before.vector, vector)} to the answer of the job, ${cosine(vector, other).toFixed(4)} to another text`;
}

async function refuseUnsigned(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  needSigning(session);
  return expectRefusal(await post(call, IMAGE_ROUTE, newImage(session), signal));
}

async function refuseReplay(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  needSigning(session);
  const input = session.signer().http(IMAGE_ROUTE, newImage(session));
  bodyOf(await post(call, IMAGE_ROUTE, input, signal));
  return `${expectRefusal(await post(call, IMAGE_ROUTE, input, signal))}, the second time`;
}

function needSigning(session: ClipSession): void {
  session.needAccepted();
  const signer = session.signer();
  if (!signer.isSigning) throw new CheckSkipped(signer.origin);
}

function expectRefusal({ status, body }: HttpReply): string {
  const message = objectOf(objectOf(body)?.error)?.message;
  if (status === 200) throw new CheckFailed('the worker answered it');
  if (status !== 401 || message !== AUTHENTICATION_FAILED)
    throw new CheckFailed(
      `expected HTTP 401, "${AUTHENTICATION_FAILED}", found ${status}, "${String(message)}"`,
    );
  return `HTTP ${status}, ${message}`;
}

async function refuseLargeBatch(session: ClipSession, call: Call, signal: AbortSignal): Promise<string> {
  session.needAccepted();
  const items = Array.from({ length: 17 }, () => ({ image: session.circle }));
  const { status, body } = await post(
    call,
    BATCH_ROUTE,
    session.signer().http(BATCH_ROUTE, { items }),
    signal,
  );
  const code = objectOf(objectOf(body)?.error)?.code;
  if (status === 200) throw new CheckFailed('the worker answered it');
  if (code !== 'BATCH_TOO_LARGE')
    throw new CheckFailed(`expected the code BATCH_TOO_LARGE, found HTTP ${status}, ${String(code)}`);
  return `HTTP ${status}, ${code}`;
}
