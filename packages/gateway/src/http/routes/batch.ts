import { RUN_BODY_LIMIT_BYTES } from '@spillway/protocol';
import { z } from 'zod';
import type { Page } from '../../batches/batch-store.ts';
import { GatewayError } from '../../errors.ts';
import { submitterOf } from '../auth.ts';
import { batchReply, pageReply, requestsReply } from '../batch/batch-reply.ts';
import { parseRequests, requestsIn } from '../batch/batch-submission.ts';
import { isText, sendParts } from '../large-answer.ts';
import { batchDocs } from '../openapi/runpod-docs.ts';
import { parseObject } from '../parse-submit.ts';
import { type Call, endpointOf, type Route } from '../route.ts';

const BATCH = '/v2/:endpoint/batch/:batch';
const READERS = ['client', 'viewer'] as const;
const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 1_000;

const attributesSchema = z.strictObject({ name: z.string().min(1).max(200) });

/** RunPod's batch API; deleting a whole batch is ours. */
export const batchRoutes: readonly Route[] = [
  {
    methods: ['POST'],
    path: '/v2/:endpoint/batch',
    doc: batchDocs.create,
    scopes: ['client'],
    bodyLimitBytes: RUN_BODY_LIMIT_BYTES,
    async handle(call) {
      const endpoint = endpointOf(call);
      const bodies = await admitted(call, parseRequests(call.body, endpoint));
      const { id, status } = await call.parts.batches.create(endpoint.name, bodies, submitterOf(call.caller));
      return { id, status };
    },
  },
  {
    methods: ['GET'],
    path: '/v2/:endpoint/batch',
    doc: batchDocs.list,
    scopes: READERS,
    async handle(call) {
      const page = pageOf(call);
      const { batches, total } = await call.parts.batches.list(endpointOf(call).name, page);
      return { batches: batches.map(batchReply), ...pageReply(total, batches.length, page) };
    },
  },
  {
    methods: ['GET'],
    path: BATCH,
    doc: batchDocs.show,
    scopes: READERS,
    handle: async (call) => batchReply(await call.parts.batches.get(nameOf(call))),
  },
  { methods: ['PUT'], path: BATCH, doc: batchDocs.rename, scopes: ['client'], handle: rename },
  {
    methods: ['DELETE'],
    path: BATCH,
    doc: batchDocs.delete,
    scopes: ['client'],
    async handle(call) {
      const name = nameOf(call);
      await call.parts.batches.delete(name);
      return { id: name.id, status: 'DELETED' };
    },
  },
  {
    methods: ['POST'],
    path: `${BATCH}/finalize`,
    doc: batchDocs.finalize,
    scopes: ['client'],
    async handle(call) {
      const { id, status } = await call.parts.batches.finalize(nameOf(call));
      return { id, status };
    },
  },
  {
    methods: ['POST'],
    path: `${BATCH}/cancel`,
    doc: batchDocs.cancel,
    scopes: ['client'],
    async handle(call) {
      const { id, status } = await call.parts.batches.cancel(nameOf(call));
      return { id, status };
    },
  },
  ...requestRoutes(),
];

function requestRoutes(): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: `${BATCH}/requests`,
      doc: batchDocs.add,
      scopes: ['client'],
      bodyLimitBytes: RUN_BODY_LIMIT_BYTES,
      async handle(call) {
        const list = requestsIn(parseObject(call.body).slices);
        const bodies = await admitted(call, parseRequests(list, endpointOf(call)));
        return batchReply(await call.parts.batches.add(nameOf(call), bodies));
      },
    },
    {
      methods: ['GET'],
      path: `${BATCH}/requests`,
      doc: batchDocs.requests,
      scopes: READERS,
      async handle(call) {
        const page = pageOf(call);
        const parts = requestsReply(await call.parts.batches.requests(nameOf(call), page), page);
        if (isText(parts)) return parts.join('');
        await sendParts(call, parts);
        return undefined;
      },
    },
    {
      methods: ['DELETE'],
      path: `${BATCH}/requests/:request`,
      doc: batchDocs.remove,
      scopes: ['client'],
      handle: async (call) =>
        batchReply(await call.parts.batches.remove(nameOf(call), call.params.request ?? '')),
    },
  ];
}

async function rename(call: Call): Promise<object> {
  const checked = attributesSchema.safeParse(parseObject(call.body).value);
  if (!checked.success) {
    throw new GatewayError('INPUT_INVALID', 'bad request: expected {"name": a text of 1 to 200 characters}');
  }
  return batchReply(await call.parts.batches.rename(nameOf(call), checked.data.name));
}

/** Verified now, since they may wait longer than a signature counts. Throws SIGNATURE_REFUSED. */
async function admitted(call: Call, bodies: readonly string[]): Promise<readonly string[]> {
  const { signatures } = call.parts;
  return signatures ? signatures.admitRequests(endpointOf(call).name, bodies) : bodies;
}

function nameOf(call: Call) {
  return { endpoint: endpointOf(call).name, id: call.params.batch ?? '' };
}

/** `?offset=` and `?limit=`. Throws INPUT_INVALID. */
function pageOf({ query }: Call): Page {
  const offset = Number(query.offset ?? 0);
  const limit = Number(query.limit ?? DEFAULT_LIMIT);
  if (!Number.isInteger(offset) || offset < 0) {
    throw new GatewayError('INPUT_INVALID', 'bad request: offset: expected a whole number from 0');
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_LIMIT) {
    throw new GatewayError(
      'INPUT_INVALID',
      `bad request: limit: expected a whole number from 1 to ${LARGEST_LIMIT}`,
    );
  }
  return { offset, limit };
}
