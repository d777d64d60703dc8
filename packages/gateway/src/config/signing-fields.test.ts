import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

const builtInWorkers = { clip: { command: ['node', 'clip.ts'] } };
const parse = (endpoints: string) =>
  parseConfig(`endpoints:\n${endpoints}`, { path: '/site/spillway.yaml', env: {}, builtInWorkers });
const endpointOf = (fields: string) => {
  const parsed = parse(`  mine: { worker: clip, ${fields} }\n`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.endpoints[0];
};
const problemsOf = (endpoints: string) => {
  const parsed = parse(endpoints);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
};

describe('signed jobs in spillway.yaml', () => {
  it('are verified with the secrets of the endpoint’s environment', () => {
    const env =
      'EMBEDDING_HMAC_SECRET: new, EMBEDDING_HMAC_SECRET_PREVIOUS: old, EMBEDDING_HMAC_WINDOW_S: 30';
    expect(endpointOf(`hmac: true, env: { ${env} }`)?.signing).toEqual({
      isVerified: true,
      secrets: ['new', 'old'],
      windowSeconds: 30,
    });
  });

  it('are not verified here unless the file says so, and without a secret nothing is', () => {
    expect(endpointOf('env: { EMBEDDING_HMAC_SECRET: s }')?.signing).toEqual({
      isVerified: false,
      secrets: ['s'],
      windowSeconds: 120,
    });
    expect(endpointOf('env: {}')?.signing).toBeUndefined();
    expect(endpointOf('hmac: true')?.signing).toMatchObject({ isVerified: true, secrets: [] });
    expect(endpointOf('hmac: true, env: { EMBEDDING_HMAC_SECRET: " " }')?.signing?.secrets).toEqual([]);
  });

  it.each([
    ['  mine: { worker: clip, hmac: yes please }\n', 'endpoints.mine.hmac: expected `true` or `false`'],
    [
      '  mine: { type: LOAD_BALANCER, command: [x], hmac: true }\n',
      'endpoints.mine.hmac: expected `hmac` only on an endpoint that takes jobs',
    ],
    ['  mine: { worker: clip, embeddingModels: clip }\n', 'endpoints.mine.embeddingModels: expected a list'],
    ['  mine: { worker: clip, embeddingModels: [] }\n', 'endpoints.mine.embeddingModels: expected a list'],
    [
      '  a: { worker: clip, embeddingModels: [m] }\n  b: { worker: clip, embeddingModels: [x, m] }\n',
      'endpoints.b.embeddingModels: expected names of its own, found "m", which endpoints.a has',
    ],
  ])('%s is a problem', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('names of models for embeddings', () => {
  it('are those of the file; an open clip endpoint has its own', () => {
    expect(endpointOf('embeddingModels: [ViT-B-32]')?.embeddingModels).toEqual(['ViT-B-32']);
    expect(endpointOf('env: { EMBEDDING_AUTH: off }')?.embeddingModels).toEqual(['mine']);
  });

  it('where jobs must be signed there are none unless the file has some: a key alone does not do', () => {
    expect(endpointOf('env: { EMBEDDING_HMAC_SECRET: s }')?.embeddingModels).toBeUndefined();
    expect(endpointOf('hmac: true, env: { EMBEDDING_AUTH: off }')?.embeddingModels).toBeUndefined();
  });
});
