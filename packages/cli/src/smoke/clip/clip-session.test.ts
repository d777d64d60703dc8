import { expect, test } from 'vitest';
import { decideSigner, type SignerSources } from './clip-session.ts';

const decide = (sources: Partial<SignerSources>) =>
  decideSigner('clip', {
    env: {},
    endpointEnv: undefined,
    isUnsigned: false,
    podAuth: () => undefined,
    now: () => 1_700_000_000_000,
    ...sources,
  });

test('the secret of the environment goes before that of the file', () => {
  const endpointEnv = { EMBEDDING_HMAC_SECRET: 'of the file' };
  const both = decide({ env: { EMBEDDING_HMAC_SECRET: 'test-secret' }, endpointEnv });
  expect(both?.origin).toBe('the environment');
  expect(decide({ endpointEnv })?.origin).toBe('spillway.yaml');
  expect(decide({})).toBeUndefined();
  // A vector of callers that exist.
  const image_url = 'https://images.example.com/a.jpg?w=512';
  expect(both?.jobV0({ image_url }).auth).toEqual({
    ts: 1_700_000_000,
    sig: 'c51985b3306718c3cb546f6ebb69d63c2cb93e48c40b279a38063c3730fb2b1a',
  });
});

test.each([
  ['--unsigned', { isUnsigned: true }],
  ['/info', { podAuth: () => 'off' }],
  ['spillway.yaml', { endpointEnv: { EMBEDDING_AUTH: 'off' } }],
])('nothing is signed where %s says that it need not be', (_where, sources) => {
  const signer = decide({ env: { EMBEDDING_HMAC_SECRET: 'test-secret' }, ...sources });
  expect(signer?.isSigning).toBe(false);
  expect(signer?.job({ text: 'x' })).toEqual({ text: 'x' });
});
