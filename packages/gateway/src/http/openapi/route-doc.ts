import type { z } from 'zod';
import type { CallerScope } from '../auth.ts';

/** What the document is made from: what all rows of the route table have, and what stands beside it. */
export interface DocumentedRoute {
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  readonly path: string;
  /** Scopes that may call it besides admin, `upload` being that of upload tokens; `open` needs no key. */
  readonly scopes: readonly CallerScope[] | 'open';
  /** What the OpenAPI document says of it. A test wants it of every row. */
  readonly doc?: RouteDoc;
}

/** What the OpenAPI document says of a row of the route table. */
export interface RouteDoc {
  /** Name of the operation, for generated clients. */
  readonly id: string;
  readonly tag: TagName;
  readonly summary: string;
  readonly description?: string;
  /** Query parameters and request headers, each an object of them. */
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly isBodyOptional?: true;
  /** By status, or by class of them (`2XX`); errors are the same everywhere and are added to each. */
  readonly answers: Readonly<Record<string, AnswerDoc>>;
  /** Form of its errors, where that is not the common one. */
  readonly error?: AnswerDoc;
}

export interface AnswerDoc {
  readonly description: string;
  /** Absent: no body, or one that is no JSON. */
  readonly schema?: z.ZodType;
  /** `application/json` unless it says otherwise. */
  readonly mediaType?: string;
  /** Further ones that a caller may ask for, as text. */
  readonly otherMediaTypes?: readonly string[];
}

/** Groups of operations, in the order in which the reference shows them. */
export const TAGS = {
  Jobs: 'Submit, find, cancel and retry jobs.',
  Embeddings: "Texts and pictures as vectors, by OpenAI's API.",
  Endpoints: 'Look at endpoints and change them while the gateway runs.',
  Workers: 'The processes that run jobs.',
  Costs: 'What was spent, what may be, and what jobs would cost.',
  Events: 'What happens, as it happens.',
  Artifacts: 'Files of any size, in and out, by URLs that are good for a while.',
  Keys: 'Who may call what.',
  Monitoring: 'Health, metrics, and this document.',
  'RunPod jobs': "RunPod's own job API: its clients work unchanged with `/v2` as their base URL.",
  'Load balancing': 'Endpoints whose workers serve HTTP themselves.',
  'RunPod batches': "RunPod's batch API.",
  'RunPod workers': "RunPod's worker protocol, as its worker SDK speaks it.",
} as const;

export type TagName = keyof typeof TAGS;

/** 200 with this body. */
export function ok(description: string, schema: z.ZodType): Readonly<Record<number, AnswerDoc>> {
  return { 200: { description, schema } };
}

export const NO_CONTENT: Readonly<Record<number, AnswerDoc>> = { 204: { description: 'Done.' } };
