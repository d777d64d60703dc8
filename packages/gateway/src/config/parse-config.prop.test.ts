// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from './parse-config.ts';

const KEYS = [
  ...['listen', 'data', 'publicUrl', 'lease', 'duration', 'heartbeat', 'retention', 'results', 'endpoints'],
  ...[
    'worker',
    'command',
    'cwd',
    'env',
    'workers',
    'min',
    'max',
    'idleTimeout',
    'scaling',
    'type',
    'queueDelay',
  ],
  ...['requestCount', 'ttl', 'backends', 'retries', 'workerLost', '__proto__', 'constructor', 'toString'],
];
const VALUES = [
  'QUEUE_DELAY',
  'REQUEST_COUNT',
  '5s',
  '1h',
  'detect',
  'process',
  '${HOME}',
  '$${',
  '127.0.0.1:0',
];

const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.constantFrom(...VALUES),
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5 }),
  ),
})).node;

function check(text: string): void {
  const result = parseConfig(text, {
    path: '/x/spillway.yaml',
    env: { HOME: '/h' },
    builtInWorkers: { detect: { command: ['d'] } },
  });
  if (result.ok) return;
  expect(result.problems.length).toBeGreaterThan(0);
  for (const { message, fix, path } of result.problems) {
    expect(message).toMatch(/\S/);
    expect(fix).toMatch(/\S/);
    expect(path).not.toContain('undefined');
  }
}

test('any mixture of our keys is read or refused with problems, never with an exception', () => {
  fc.assert(fc.property(tree, (value) => check(stringify(value))));
});

test('a key named as a method of every object is no method', () => {
  check('listen: [[{ toString: 0 }]]');
  check('endpoints: { a: { command: [{ toString: 1, valueOf: 2 }], workers: { max: { valueOf: 3 } } } }');
});

test('any text is read or refused with problems, never with an exception', () => {
  fc.assert(fc.property(fc.string(), check));
});
