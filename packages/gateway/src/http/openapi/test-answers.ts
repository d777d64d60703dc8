import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import type { Route } from '../route.ts';
import { buildOpenApiDocument } from './build-document.ts';

/** Compares every answer of an app with the OpenAPI document, strictly: no key that is not described. For tests. */
export interface AnswerCheck {
  /** What did not fit, as sentences. */
  readonly problems: readonly string[];
  /** Operations that were answered with success, such as `GET /v1/jobs`. */
  readonly answered: ReadonlySet<string>;
}

export function checkAnswers(app: FastifyInstance, routes: readonly Route[]): AnswerCheck {
  const document = buildOpenApiDocument(routes, { version: 'test', isStrict: true });
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, 'openapi');
  const problems: string[] = [];
  const answered = new Set<string>();

  app.addHook('onSend', async (request, reply, payload) => {
    const url = request.routeOptions.url;
    // A HEAD is its GET without a body.
    if (url === undefined || request.method === 'HEAD') return payload;
    // Nobody gets it.
    if (reply.raw.destroyed) return payload;
    const operation = `${request.method} ${url}`;
    const { statusCode } = reply;
    if (statusCode < 300) answered.add(operation);
    const path = url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}');
    const described = document.paths[path]?.[request.method.toLowerCase()]?.responses;
    const status = described?.[statusCode] ? String(statusCode) : 'default';
    if (status === 'default' && statusCode < 400) {
      problems.push(`${operation}: ${statusCode} is not described`);
      return payload;
    }
    const content = described?.[status]?.content ?? {};
    const mediaType = String(reply.getHeader('content-type') ?? '');
    const known = Object.keys(content).find((type) => mediaType.startsWith(type));
    if (known === undefined) {
      if (mediaType !== '' && Object.keys(content).length > 0)
        problems.push(`${operation}: ${statusCode} has the undescribed type ${mediaType}`);
    } else if (known.includes('json')) {
      const pointer = [
        'paths',
        path,
        request.method.toLowerCase(),
        'responses',
        status,
        'content',
        known,
        'schema',
      ];
      const validate = ajv.getSchema(`openapi#/${pointer.map(escapePointer).join('/')}`);
      if (validate && !validate(JSON.parse(String(payload))))
        problems.push(
          `${operation}: ${statusCode}: ${ajv.errorsText(validate.errors)}: ${String(payload).slice(0, 300)}`,
        );
    }
    return payload;
  });
  return { problems, answered };
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
