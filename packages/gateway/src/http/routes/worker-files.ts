import type { ArtifactInfo, SignedRequest, Terms, UploadTerms } from '@spillway/artifacts';
import { type WorkerFileCall, type WorkerFileReply, workerFileCallSchema } from '@spillway/protocol/v1';
import type { FileUser } from '../../artifacts/worker-files.ts';
import { GatewayError } from '../../errors.ts';
import { bodyOf } from '../end-after-body.ts';
import { workerFileDocs } from '../openapi/worker-file-docs.ts';
import { parseBody } from '../parse-body.ts';
import { type Call, endpointOf, type Route } from '../route.ts';
import { identifyWorker } from '../worker-caller.ts';

const FILES = '/v1/endpoints/:endpoint/workers/:worker/files';

/** What a worker keeps and reads besides its jobs: bytes by this gateway or by signed URLs. */
export const workerFileRoutes: readonly Route[] = [
  {
    ...{ methods: ['GET'], path: FILES, doc: workerFileDocs.list, scopes: ['worker'] },
    handle: async (call) => ({
      files: await call.parts.workerFiles.list(userOf(call), call.query.prefix ?? ''),
    }),
  },
  {
    ...{ methods: ['POST'], path: FILES, doc: workerFileDocs.call, scopes: ['worker'] },
    handle: (call) => answer(call, parseBody(workerFileCallSchema, call.body)),
  },
  {
    ...{ methods: ['GET'], path: `${FILES}/*`, doc: workerFileDocs.show, scopes: ['worker'] },
    async handle(call) {
      const info = await call.parts.workerFiles.head(userOf(call), keyOf(call));
      if (!info) throw new GatewayError('ARTIFACT_NOT_FOUND', `no file ${keyOf(call)}`);
      return info;
    },
  },
  {
    ...{ methods: ['PUT'], path: `${FILES}/*`, doc: workerFileDocs.write, scopes: ['worker'] },
    ...{ isStreamed: true, handle: write },
  },
  {
    ...{ methods: ['DELETE'], path: `${FILES}/*`, doc: workerFileDocs.delete, scopes: ['worker'] },
    async handle(call) {
      await call.parts.workerFiles.delete(userOf(call), keyOf(call));
      return undefined;
    },
  },
];

const keyOf = ({ params }: Call) => params['*'] ?? '';

/** Whoever speaks for a worker, and what the jobs that it runs right now name. */
function userOf(call: Call): FileUser {
  const endpoint = endpointOf(call).name;
  const workerId = identifyWorker(call);
  const { queue } = call.parts;
  return {
    endpoint,
    async names(key, mayRead) {
      const text = JSON.stringify(key);
      for (const { jobId } of queue.held.of(workerId)) {
        const job = await queue.get(jobId);
        if (job?.endpoint !== endpoint || !mayRead(job)) continue;
        if (await queue.withWhole(job, ['input'], ({ input }) => input.includes(text))) return true;
      }
      return false;
    },
  };
}

async function write(call: Call): Promise<ArtifactInfo> {
  const { request } = call.reply;
  const { headers } = request;
  const sizeBytes = Number(headers['content-length']);
  if (!Number.isInteger(sizeBytes))
    throw new GatewayError('INPUT_INVALID', 'content-length: expected the size of what is sent');
  const mediaType = headers['content-type'] ?? 'application/octet-stream';
  const terms = termsOf(headers['if-match'], headers['if-none-match']);
  const description = { mediaType, sizeBytes, ...terms };
  return call.parts.workerFiles.put(userOf(call), keyOf(call), bodyOf(request), description);
}

function termsOf(match: string | undefined, noneMatch: string | undefined): Terms {
  if (match !== undefined) return { ifEtag: match };
  if (noneMatch === '*') return { onlyNew: true };
  if (noneMatch === undefined) return {};
  throw new GatewayError('INPUT_INVALID', 'if-none-match: expected *');
}

async function answer(call: Call, asked: WorkerFileCall): Promise<WorkerFileReply> {
  const { workerFiles } = call.parts;
  const as = userOf(call);
  switch (asked.do) {
    case 'sign-get':
      return signed(call, await workerFiles.signGet(as, asked.key, asked));
    case 'sign-put':
      return signed(call, await workerFiles.signPut(as, asked.key, uploadTermsOf(asked)));
    case 'create-upload':
      return { uploadId: await workerFiles.createUpload(as, asked.key, asked) };
    case 'sign-part':
      return signed(call, await workerFiles.signPart(as, asked, asked.partNumber, asked.expiresInMs));
    case 'list-parts':
      return { parts: [...(await workerFiles.listParts(as, asked))] };
    case 'complete':
      return { file: await workerFiles.complete(as, asked) };
    case 'abort':
      await workerFiles.abort(as, asked);
      return {};
  }
}

function uploadTermsOf(asked: Extract<WorkerFileCall, { do: 'sign-put' }>): UploadTerms {
  const { expiresInMs, mostBytes, mediaType, sizeBytes, onlyNew = false } = asked;
  if (mostBytes !== undefined) return { expiresInMs, mostBytes };
  if (mediaType !== undefined && sizeBytes !== undefined)
    return { expiresInMs, mediaType, sizeBytes, onlyNew };
  throw new GatewayError('INPUT_INVALID', 'mostBytes: expected it, or mediaType and sizeBytes');
}

function signed({ parts }: Call, request: SignedRequest): WorkerFileReply {
  const { publicUrl } = parts;
  return {
    request: { ...request, headers: { ...request.headers } },
    ...(publicUrl === undefined ? {} : { publicUrl }),
  };
}
