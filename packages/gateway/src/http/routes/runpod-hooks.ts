import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { HOOK_PATH } from '../../remote/attempt-hooks.ts';
import { runpodHookDocs } from '../openapi/runpod-hook-docs.ts';
import type { Call, Route } from '../route.ts';

/** More than RunPod's largest job with its result. */
const MOST_BYTES = 64 * 1024 * 1024;

/** RunPod tells that a job of ours has ended there. Its word counts for nothing by itself: the gateway asks. */
export const runpodHookRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: `${HOOK_PATH}/:attempt/:code`,
    doc: runpodHookDocs.told,
    scopes: 'open',
    // Nothing is read of whoever does not know the code.
    isStreamed: true,
    async handle(call: Call) {
      const { attempt = '', code = '' } = call.params;
      if (!call.parts.spill.isHookCode(attempt, code)) {
        call.reply.header('connection', 'close');
        throw new GatewayError('URL_INVALID', 'no attempt at RunPod has this address');
      }
      const remoteId = idIn(await bodyOf(call.reply.request));
      await call.parts.spill.noteHook(attempt, remoteId);
      return {};
    },
  },
];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES)
      throw new GatewayError('PAYLOAD_TOO_LARGE', 'the body is larger than any of RunPod');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The job's id there, where the body names one. */
function idIn(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
