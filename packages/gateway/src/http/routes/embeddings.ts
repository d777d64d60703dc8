import { EMBEDDINGS_ROUTE, RUNSYNC_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { answerEmbeddings } from '../openai/embeddings-answer.ts';
import { parseEmbeddingsCall } from '../openai/embeddings-request.ts';
import { openAiErrorBody } from '../openai/openai-error.ts';
import { embeddingsDocs } from '../openapi/native-docs.ts';
import { type Call, type Route, refuseIfStopping } from '../route.ts';

/**
 * OpenAI's embeddings under an address of our own, for all endpoints together: the model's name says which one is meant.
 * Errors have OpenAI's form (see `error-handler.ts`).
 */
export const embeddingsRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: EMBEDDINGS_ROUTE,
    doc: embeddingsDocs.create,
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
  refuseIfStopping(call.parts);
  const request = parseEmbeddingsCall(call);
  if ('parts' in request) return answerEmbeddings(call, request);
  const { reply } = call;
  await reply.code(request.status).type('application/json; charset=utf-8').send(openAiErrorBody(request));
}
