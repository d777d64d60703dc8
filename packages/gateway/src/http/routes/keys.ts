import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { SCOPES } from '../../keys/key-store.ts';
import { parseObject } from '../parse-submit.ts';
import type { Route } from '../route.ts';

const createSchema = z.strictObject({
  name: z.string().min(1).max(100),
  scope: z.enum(SCOPES),
  endpoints: z.array(z.string()).min(1).optional(),
});

export const keyRoutes: readonly Route[] = [
  { methods: ['GET'], path: '/v1/keys', scopes: [], handle: ({ parts }) => ({ keys: parts.keys.list() }) },
  {
    methods: ['POST'],
    path: '/v1/keys',
    scopes: [],
    handle({ parts, body }) {
      const checked = createSchema.safeParse(parseObject(body).value);
      if (!checked.success) {
        const problems = checked.error.issues.map(
          (issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`,
        );
        throw new GatewayError('INPUT_INVALID', problems.join('; '));
      }
      const { name, scope, endpoints } = checked.data;
      const unknown = (endpoints ?? []).filter((one) => !parts.endpoints.has(one));
      if (unknown.length > 0)
        throw new GatewayError('INPUT_INVALID', `endpoints: unknown: ${unknown.join(', ')}`);
      const { record, secret } = parts.keys.create({ name, scope, ...(endpoints ? { endpoints } : {}) });
      // The only time the secret is ever shown.
      return { ...record, key: secret };
    },
  },
  {
    methods: ['DELETE'],
    path: '/v1/keys/:id',
    scopes: [],
    handle({ parts, params }) {
      if (!parts.keys.remove(params.id ?? '')) throw new GatewayError('KEY_NOT_FOUND', 'key not found');
      return undefined;
    },
  },
];
