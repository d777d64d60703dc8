import { Ajv2020 } from 'ajv/dist/2020.js';
import createRouter, { type HTTPMethod } from 'find-my-way';
import type { Response } from 'light-my-request';
import type { Route } from '../route.ts';
import { buildOpenApiDocument } from './build-document.ts';

/** Compares every answer of an app with the OpenAPI document, strictly: no key that is not described. For tests. */
export interface AnswerCheck {
  /** What did not fit, as sentences. */
  readonly problems: readonly string[];
  /** Operations that were answered with success, such as `GET /v1/jobs`. */
  readonly answered: ReadonlySet<string>;
  note(method: string, url: string, answer: Response): void;
}

export function checkAnswers(routes: readonly Route[]): AnswerCheck {
  const document = buildOpenApiDocument(routes, { version: 'test', isStrict: true });
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, 'openapi');
  const problems: string[] = [];
  const answered = new Set<string>();

  const router = createRouter({ ignoreTrailingSlash: true, ignoreDuplicateSlashes: true });
  for (const { methods, path } of routes) router.on([...methods], path, () => {}, path);

  function note(method: string, address: string, answer: Response): void {
    const url = router.find(method as HTTPMethod, address)?.store as string | undefined;
    if (url === undefined) return;
    const { statusCode, payload } = answer;
    const operation = `${method} ${url}`;
    if (statusCode < 300) answered.add(operation);
    const path = url.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}');
    const described = document.paths[path]?.[method.toLowerCase()]?.responses;
    const status = described?.[statusCode] ? String(statusCode) : 'default';
    if (status === 'default' && statusCode < 400) {
      problems.push(`${operation}: ${statusCode} is not described`);
      return;
    }
    const content = described?.[status]?.content ?? {};
    const mediaType = String(answer.headers['content-type'] ?? '');
    const known = Object.keys(content).find((type) => mediaType.startsWith(type));
    if (known === undefined) {
      if (mediaType !== '' && Object.keys(content).length > 0)
        problems.push(`${operation}: ${statusCode} has the undescribed type ${mediaType}`);
    } else if (known.includes('json')) {
      const pointer = ['paths', path, method.toLowerCase(), 'responses', status, 'content', known, 'schema'];
      const validate = ajv.getSchema(`openapi#/${pointer.map(escapePointer).join('/')}`);
      if (validate && !validate(JSON.parse(payload)))
        problems.push(
          `${operation}: ${statusCode}: ${ajv.errorsText(validate.errors)}: ${payload.slice(0, 300)}`,
        );
    }
  }
  return { problems, answered, note };
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
