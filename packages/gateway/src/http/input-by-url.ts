import { ArtifactError, type SignedRequest } from '@spillway/artifacts';
import type { Job } from '../jobs/job.ts';
import { LONGEST_IN_ROW_CHARS, NoRoomError } from '../jobs/large-values/large-values.ts';
import { bytesOfField, fieldsToMove, withUrls } from '../jobs/large-values/url-fields.ts';
import { type Call, endpointOf } from './route.ts';
import { toSignedUrl } from './signed-url-view.ts';

/**
 * A large input on its way to a worker of an endpoint that declares `urlFields`: their texts are kept beside the job while
 * the attempt lasts, decoded where they are base64, and URLs go in their place. Undefined where it goes as it is: nothing of
 * it could move, or there is no room for what would.
 */
export async function inputByUrl(call: Call, job: Job): Promise<string | undefined> {
  const { fields } = fieldsToMove(job.input, endpointOf(call).urlFields ?? [], LONGEST_IN_ROW_CHARS);
  if (fields.length === 0) return undefined;
  try {
    const urls = new Map<string, string>();
    for (const field of fields) urls.set(field, await urlOfField(call, job, field));
    return withUrls(job.input, urls);
  } catch (error) {
    if (!(error instanceof NoRoomError || error instanceof ArtifactError)) throw error;
    call.log.warn(
      { jobId: job.id, err: error },
      'fields of an input could not be kept as files; it goes inline',
    );
    return undefined;
  }
}

const LONGEST_URL_MS = 7 * 86_400_000;
/** Of a worker whose clock is behind, or that asks again at the end. */
const SPARE_MS = 60_000;

async function urlOfField(call: Call, job: Job, field: string): Promise<string> {
  const { bytes, mediaType } = bytesOfField(job.input, field);
  const source = {
    sizeBytes: bytes.length,
    async *open() {
      yield bytes;
    },
  };
  const expiresInMs = Math.min(LONGEST_URL_MS, job.executionTimeoutMs + SPARE_MS);
  const signed = await call.parts.queue.keepField(job, source, ({ key }) =>
    call.parts.artifacts.store.presignGet(key, { mediaType, name: field, expiresInMs }),
  );
  return urlForWorker(call, signed);
}

/** One that this gateway started has its address from it, which need not be the one for others. */
function urlForWorker(call: Call, signed: SignedRequest): string {
  const { caller, reply } = call;
  const isOwn = caller.workerId !== undefined && signed.url.startsWith('/');
  return isOwn ? `http://${reply.request.headers.host}${signed.url}` : toSignedUrl(call, signed).url;
}
