import { type KeyCreate, type KeyCreated, keyCreateSchema } from '@spillway/protocol/v1';
import { parseDuration } from '../../config/duration.ts';
import { GatewayError } from '../../errors.ts';
import type { Caller } from '../auth.ts';
import { keyDocs } from '../openapi/native-docs.ts';
import { parseBody } from '../parse-body.ts';
import type { Call, Route } from '../route.ts';

export const keyRoutes: readonly Route[] = [
  {
    methods: ['GET'],
    path: '/v1/keys',
    doc: keyDocs.list,
    scopes: [],
    handle({ parts, caller }) {
      refuseLimited(caller);
      return { keys: parts.keys.list() };
    },
  },
  { methods: ['POST'], path: '/v1/keys', doc: keyDocs.create, scopes: [], handle: createKey },
  {
    methods: ['DELETE'],
    path: '/v1/keys/:id',
    doc: keyDocs.delete,
    scopes: [],
    async handle({ parts, params, caller }) {
      refuseLimited(caller);
      const { id = '' } = params;
      if (!parts.keys.remove(id)) throw new GatewayError('KEY_NOT_FOUND', 'key not found');
      await parts.uploadTokens.removeOf(id);
      return undefined;
    },
  },
];

/** An admin key for some endpoints must not make itself one for all. */
function refuseLimited(caller: Caller): void {
  if (caller.endpoints === undefined) return;
  throw new GatewayError(
    'FORBIDDEN',
    'this key is limited to endpoints; keys need an admin key for all of them',
  );
}

function createKey({ parts, body, reply, caller }: Call): KeyCreated {
  refuseLimited(caller);
  const wanted = parseBody(keyCreateSchema, body);
  const { name, scope, endpoints } = wanted;
  const unknown = (endpoints ?? []).filter((one) => !parts.endpoints.has(one));
  if (unknown.length > 0)
    throw new GatewayError('INPUT_INVALID', `endpoints: unknown: ${unknown.join(', ')}`);
  const now = parts.clock.now();
  const expiresAt = expiryOf(wanted, now);
  const key = {
    ...{ name, scope },
    ...(endpoints ? { endpoints } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  const { record, secret } = parts.keys.create(key, now);
  reply.code(201);
  // The only time the secret is ever shown.
  return { ...record, endpoints: record.endpoints && [...record.endpoints], key: secret } as KeyCreated;
}

function expiryOf({ expiresIn, expiresAt }: KeyCreate, now: number): number | undefined {
  if (expiresIn !== undefined && expiresAt !== undefined)
    throw new GatewayError('INPUT_INVALID', 'expiresIn, expiresAt: expected one of the two');
  const fromNow = expiresIn === undefined ? undefined : parseDuration(expiresIn);
  if (expiresIn !== undefined && (fromNow === undefined || fromNow === 0)) {
    throw new GatewayError(
      'INPUT_INVALID',
      `expiresIn: expected a duration with its unit, such as 12h or 30d, got "${expiresIn}"`,
    );
  }
  const at = fromNow === undefined ? expiresAt : now + fromNow;
  if (at !== undefined && at <= now)
    throw new GatewayError('INPUT_INVALID', `expiresAt: expected a time to come (after ${now}), got ${at}`);
  return at;
}
