import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema, loadConfig } from '../src/config/index.ts';

const builtInWorkers = { detect: { command: ['node', 'detect.ts'] } };
const schemaFile = new URL('../schema/spillway.schema.json', import.meta.url);
const docsFile = new URL('../../../docs/configuration.md', import.meta.url);

const EXAMPLE = `
listen: 127.0.0.1:8080
data: ./.spillway
endpoints:
  detect:
    worker: detect                      # one of the built-in workers
    env: { DETECTOR_VARIANT: nano }
    workers: { min: 0, max: 3, idleTimeout: 5s }
    scaling: { type: QUEUE_DELAY, queueDelay: 4s }   # or { type: REQUEST_COUNT, requestCount: 1 }
    executionTimeout: 120s
    backends: [process]
  mine:
    command: [python3, -u, handler.py]  # any RunPod worker, any language
    cwd: ./mine
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'spillway-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Judges a document by the committed JSON Schema alone, with a validator that knows nothing of ours. */
async function isValidByJsonSchema(document: unknown): Promise<boolean> {
  const { $schema: _, ...body } = JSON.parse(await readFile(schemaFile, 'utf8'));
  const app = fastify({
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, strict: false } },
  });
  app.post('/', { schema: { body } }, () => 'valid');
  const reply = await app.inject({ method: 'POST', url: '/', payload: document as object });
  await app.close();
  return reply.statusCode === 200;
}

test('the committed JSON Schema is the one that `npm run schema` writes', async () => {
  expect(JSON.parse(await readFile(schemaFile, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(configJsonSchema())),
  );
});

test('the example file loads, its paths counted from the file', async () => {
  const file = path.join(folder, 'spillway.yaml');
  await writeFile(file, EXAMPLE);
  const result = await loadConfig(file, { env: {}, builtInWorkers });
  expect(result).toMatchObject({
    ok: true,
    config: {
      file,
      dataDir: path.join(folder, '.spillway'),
      endpoints: [
        { name: 'detect', env: { DETECTOR_VARIANT: 'nano' }, executionTimeoutMs: 120_000 },
        { name: 'mine', command: ['python3', '-u', 'handler.py'], cwd: path.join(folder, 'mine') },
      ],
    },
  });
});

test("an editor's validator accepts the example file", async () => {
  expect(await isValidByJsonSchema(parse(EXAMPLE))).toBe(true);
});

test.each([
  ['a bare number as a duration', { endpoints: { a: { worker: 'x', ttl: 5 } } }],
  ['an unknown key', { endpoints: { a: { worker: 'x', idleTimeout: '5s' } } }],
  ['neither worker nor command', { endpoints: { a: {} } }],
  ['worker and command', { endpoints: { a: { worker: 'x', command: ['y'] } } }],
  ['a name in capitals', { endpoints: { A: { worker: 'x' } } }],
  ['a port alone', { listen: 8080 }],
  ['an unknown scaling type', { endpoints: { a: { worker: 'x', scaling: { type: 'NONE' } } } }],
])("an editor's validator marks %s", async (_, document) => {
  expect(await isValidByJsonSchema(document)).toBe(false);
});

test('a file that is not there is a problem with a fix', async () => {
  const result = await loadConfig(path.join(folder, 'none.yaml'), { env: {}, builtInWorkers });
  expect(result).toEqual({
    ok: false,
    problems: [
      {
        path: '',
        message: 'expected a file, found that it does not exist',
        fix: expect.stringContaining('--config'),
      },
    ],
  });
});

test('docs/configuration.md names every key of the schema', async () => {
  const docs = await readFile(docsFile, 'utf8');
  const missing = keysOf(configJsonSchema()).filter((key) => !docs.includes(`\`${key}\``));
  expect(missing).toEqual([]);
});

function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties = {}, oneOf = [], additionalProperties } = schema as Record<string, object>;
  return [
    ...Object.entries(properties as object).flatMap(([key, child]) => [key, ...keysOf(child)]),
    ...(oneOf as unknown[]).flatMap(keysOf),
    ...keysOf(additionalProperties),
  ];
}
