// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { variablesFilledIn, withRunpodBackend } from './yaml-file.ts';

const ITEM = '{ runpod: { endpointId: ep1, apiKey: "${RUNPOD_API_KEY}" } }';
const write = (text: string) => withRunpodBackend(text, 'clip', 'ep1', { local: ['process'] });

describe('an endpoint at RunPod in `backends`', () => {
  test('a new line behind the first key; comments and all else stay', () => {
    const text =
      '# top\nendpoints:\n  clip: # pictures\n    worker: clip # built in\n\n    # env\n    env: {A: b}\n';
    expect(write(text)).toBe(text.replace('# built in\n', `# built in\n    backends: [process, ${ITEM}]\n`));
  });

  test('behind the others of a list on one line', () => {
    const text = 'endpoints:\n  clip:\n    backends: [process]   # here first\n    worker: clip\n';
    expect(write(text)).toBe(text.replace('[process]', `[process, ${ITEM}]`));
  });

  test('behind the others of a list of lines', () => {
    const text =
      'endpoints:\n  clip:\n    backends:\n      - process # here\n      # there:\n    worker: clip\n';
    expect(write(text)).toBe(text.replace('# here\n', `# here\n      - ${ITEM}\n`));
  });

  test('of several ids the first is replaced', () => {
    const second = '{ runpod: { endpointId: other, apiKey: k } }';
    const text = `endpoints:\n  clip:\n    backends: [{ runpod: { endpointId: old, apiKey: k } }, ${second}]\n`;
    expect(write(text)).toBe(text.replace('old', 'ep1'));
  });

  test('an id that is there is replaced, and what stands beside it stays', () => {
    const text =
      'endpoints:\n  clip:\n    backends:\n      - runpod:\n          endpointId: old # of May\n          apiKey: "${OTHER}"\n';
    expect(write(text)).toBe(text.replace('old #', 'ep1 #'));
  });

  test('an endpoint on one line keeps its line', () => {
    expect(write('endpoints: { clip: { worker: clip } }\n')).toBe(
      `endpoints: { clip: { worker: clip, backends: [process, ${ITEM}] } }\n`,
    );
  });

  test('what is said by reference to another place is written out, with the comments kept', () => {
    const text =
      'endpoints:\n  a: # one\n    backends: &both [process]\n    worker: clip\n  clip:\n    backends: *both\n    worker: clip\n';
    const next = write(text);
    expect(parse(next).endpoints).toMatchObject({
      a: { backends: ['process'] },
      clip: { backends: ['process', { runpod: { endpointId: 'ep1', apiKey: '${RUNPOD_API_KEY}' } }] },
    });
    expect(next).toContain('# one');
  });

  test('a file without a newline at its end', () => {
    expect(write('endpoints:\n  clip:\n    worker: clip')).toBe(
      `endpoints:\n  clip:\n    worker: clip\n    backends: [process, ${ITEM}]\n`,
    );
  });
});

test('values from the environment are found, also behind references, and escaped ones are none', () => {
  const text =
    'base: &base { SHARED: "x${S}" }\nendpoints:\n  clip:\n    env:\n      <<: *base\n      A: "${A}"\n      B: "$${B}"\n      C: 1\n';
  expect([...variablesFilledIn(text, ['endpoints', 'clip', 'env'])].toSorted()).toEqual(['A', 'SHARED']);
  expect(variablesFilledIn(text, ['endpoints', 'other', 'env']).size).toBe(0);
});
