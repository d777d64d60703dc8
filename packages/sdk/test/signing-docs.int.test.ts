import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createReplayGuard, createVerifier, jobTextV0 } from '../src/signing/index.ts';

const docs = readFileSync(new URL('../../../docs/signing.md', import.meta.url), 'utf8');
const blockOf = (language: string) => docs.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? '';
const env = { ...process.env, EMBEDDING_HMAC_SECRET: 'a secret', URL: 'https://x.test/ü.jpg?w=5&h=6' };
const input = { image_url: env.URL, request_id: 'ü', normalize: true, n: 3 };

function isGood(auth: unknown): boolean {
  const now = () => Date.now();
  const replays = createReplayGuard({ now });
  const verifier = createVerifier({ secrets: [env.EMBEDDING_HMAC_SECRET], now, replays });
  const v1 = { method: 'JOB', path: 'clip', body: input };
  return verifier.verify(auth, { v0: (ts) => [jobTextV0(env.URL, ts)], v1 }) === undefined;
}

function has(program: string): boolean {
  const isThere = spawnSync(program, ['version']).error === undefined;
  if (!isThere) console.warn(`SKIPPED: ${program} is not installed (Debian: apt-get install ${program})`);
  return isThere;
}

test.skipIf(!has('python3'))('the Python of the docs signs what is accepted', () => {
  const call = `import sys\nprint(json.dumps(sign_job("clip", json.loads(sys.argv[1]))))`;
  const signed = execFileSync('python3', ['-c', `${blockOf('python')}\n${call}`, JSON.stringify(input)], {
    env,
  });
  expect(isGood((JSON.parse(signed.toString()) as { auth: unknown }).auth)).toBe(true);
});

test.skipIf(!has('openssl'))('the shell of the docs signs what is accepted', () => {
  const signed = execFileSync('sh', ['-c', `${blockOf('sh')}\nprintf '{"ts":%s,"sig":"%s"}' "$ts" "$sig"`], {
    env,
  });
  expect(isGood(JSON.parse(signed.toString()))).toBe(true);
});
