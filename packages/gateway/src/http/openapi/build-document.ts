import { z } from 'zod';
import { type AnswerDoc, type DocumentedRoute, TAGS } from './route-doc.ts';

/**
 * The OpenAPI 3.1 document of the HTTP face, made from the route table and the schemas that check and type the same
 * values, so that it cannot tell something else than the code does.
 */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: JsonSchema;
  };
}

export type JsonSchema = Record<string, unknown>;

export interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, ResponseDoc>>;
  readonly [key: string]: unknown;
}

interface ResponseDoc {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>;
}

export interface DocumentOptions {
  readonly version: string;
  /** Answers may have no key that is not described: for tests, since clients should take keys that come later. */
  readonly isStrict?: boolean;
}

const INFO = `Everything under \`/v2\` is RunPod's own API, so that its clients work unchanged; everything under \`/v1\` is
Spillway's. Every error has one form, \`application/problem+json\`.`;

const problemSchema = z
  .object({
    status: z.int(),
    title: z.string(),
    detail: z.string().describe('What was wrong, what was expected, what to do.'),
    error: z.string().describe("The same for RunPod's clients."),
    code: z.string().describe('Stable; documented in docs/errors.md.'),
    requestId: z.string().describe('Under which the log has the reason.').optional(),
  })
  .meta({ id: 'Problem' });

const PROBLEM: AnswerDoc = {
  description: 'It did not work.',
  mediaType: 'application/problem+json',
  schema: problemSchema,
};

export function buildOpenApiDocument(
  routes: readonly DocumentedRoute[],
  options: DocumentOptions,
): OpenApiDocument {
  const schemas = createSchemas(options.isStrict ?? false);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{path}');
    for (const [index, method] of route.methods.entries()) {
      paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(route, index, schemas) };
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Spillway', version: options.version, description: INFO },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describeOperation(route: DocumentedRoute, index: number, schemas: Schemas): Operation {
  const { doc, scopes } = route;
  if (!doc) throw new Error(`${route.path} is not documented`);
  const needs = scopes === 'open' ? 'Needs no key.' : `Scope: ${[...scopes, 'admin'].join(', ')}.`;
  const responses: Record<string, ResponseDoc> = {};
  for (const [status, answer] of Object.entries<AnswerDoc>(doc.answers))
    responses[status] = describeAnswer(answer, schemas);
  responses.default = describeAnswer(doc.error ?? PROBLEM, schemas);
  return {
    // RunPod takes some operations by two methods.
    operationId: index === 0 ? doc.id : `${doc.id}By${route.methods[index]}`,
    tags: [doc.tag],
    summary: doc.summary,
    description: doc.description === undefined ? needs : `${doc.description}\n\n${needs}`,
    ...(scopes === 'open' ? {} : { security: [{ key: [] }] }),
    parameters: [
      ...pathParameters(route.path),
      ...parameters(doc.query, 'query', schemas),
      ...parameters(doc.headers, 'header', schemas),
    ],
    ...(doc.body === undefined
      ? {}
      : {
          requestBody: {
            required: !doc.isBodyOptional,
            content: { 'application/json': { schema: schemas.of(doc.body, 'input') } },
          },
        }),
    responses,
  };
}

function describeAnswer(
  { description, schema, mediaType, otherMediaTypes = [] }: AnswerDoc,
  schemas: Schemas,
): ResponseDoc {
  if (schema === undefined && mediaType === undefined) return { description };
  const content = schema === undefined ? {} : { schema: schemas.of(schema, 'output') };
  const others = otherMediaTypes.map((type) => [type, { schema: { type: 'string' } }]);
  return {
    description,
    content: { [mediaType ?? 'application/json']: content, ...Object.fromEntries(others) },
  };
}

function pathParameters(path: string): JsonSchema[] {
  const names = [...path.replace('*', ':path').matchAll(/:(\w+)/g)].map((match) => match[1]);
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
}

function parameters(
  fields: z.ZodObject | undefined,
  place: 'query' | 'header',
  schemas: Schemas,
): JsonSchema[] {
  if (!fields) return [];
  const { properties = {} } = schemas.of(fields, 'input') as { properties?: Record<string, JsonSchema> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

type Schemas = ReturnType<typeof createSchemas>;

/** JSON schemas of zod ones; those that have an id become components that are referred to. */
function createSchemas(isStrict: boolean) {
  const components: Record<string, JsonSchema> = {};
  return {
    components,
    of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
      const { $schema: _dialect, $defs = {}, ...root } = z.toJSONSchema(schema, { io }) as JsonSchema;
      const isOpen = io === 'output' && !isStrict;
      for (const [name, definition] of Object.entries($defs as Record<string, JsonSchema>))
        components[name] = tidy(definition, isOpen) as JsonSchema;
      return tidy(root, isOpen) as JsonSchema;
    },
  };
}

/** Refers to components, and leaves out what says nothing: the bounds of all integers, closed answers. */
function tidy(value: unknown, isOpen: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => tidy(one, isOpen));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, one]) => {
    if (key === 'additionalProperties' && one === false) return !isOpen;
    return (
      !(key === 'minimum' && one === Number.MIN_SAFE_INTEGER) &&
      !(key === 'maximum' && one === Number.MAX_SAFE_INTEGER)
    );
  });
  return Object.fromEntries(
    entries.map(([key, one]) => [
      key,
      key === '$ref' ? String(one).replace('#/$defs/', '#/components/schemas/') : tidy(one, isOpen),
    ]),
  );
}
