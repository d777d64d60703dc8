import { RUNSYNC_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { submitterOf } from '../auth.ts';
import { answerWhole } from '../openai/openai-answer.ts';
import { parseOpenAiRequest } from '../openai/openai-request.ts';
import { answerStream } from '../openai/openai-stream.ts';
import { runpodDocs } from '../openapi/runpod-docs.ts';
import { type Call, type Route, refuseIfStopping } from '../route.ts';
import { refuseUnsignedCalls } from '../signed-jobs.ts';

/**
 * OpenAI's API in front of a worker that speaks it: every call is a job whose input names the path and carries the
 * body, as RunPod's own route does it. Errors have OpenAI's form here (see `error-handler.ts`).
 */
export const openAiRoutes: readonly Route[] = [
  {
    methods: ['GET', 'POST'],
    path: '/v2/:endpoint/openai/*',
    doc: runpodDocs.openai,
    limitedAs: 'openai',
    scopes: ['client'],
    bodyLimitBytes: RUNSYNC_BODY_LIMIT_BYTES,
    async handle(call) {
      await answer(call);
      return undefined;
    },
  },
];

async function answer(call: Call): Promise<void> {
  const request = parseOpenAiRequest(call);
  refuseIfStopping(call.parts);
  refuseUnsignedCalls(call.parts, request.submission.endpoint);
  const keyId = submitterOf(call.caller);
  const job = await call.parts.queue.submit({ ...request.submission, keyId });
  call.dropBody();
  return request.isStream ? answerStream(call, job, request) : answerWhole(call, job, request);
}
