import { beforeEach, describe, expect, test } from 'vitest';
import { createReplayGuard } from './replay-guard.ts';
import { signImageUrlV0, signJob } from './sign.ts';
import { jobTextV0 } from './signed-text.ts';
import { createVerifier, type Signed, type VerifierOptions } from './verifier.ts';

const START = 1_700_000_000;
const URL = 'https://images.example.com/a.jpg';
const INPUT = { image_url: URL, request_id: 'r' };

let seconds: number;
const now = () => seconds * 1000;
beforeEach(() => {
  seconds = START;
});

function create(more: Partial<VerifierOptions> & { capacity?: number } = {}) {
  const replays = createReplayGuard({ now, ...(more.capacity ? { capacity: more.capacity } : {}) });
  const { verify } = createVerifier({ secrets: ['current'], now, replays, ...more });
  const signed = (changes: Partial<Signed> & { input?: Record<string, unknown> } = {}): Signed => ({
    v0: (ts) => [jobTextV0(URL, ts)],
    v1: { method: 'JOB', path: 'clip', body: changes.input ?? INPUT },
    ...changes,
  });
  return {
    replays,
    check: (auth: unknown, changes: Parameters<typeof signed>[0] = {}) => verify(auth, signed(changes)),
  };
}

const v0 = (secret = 'current', ts = seconds) => signImageUrlV0(URL, { secret, ts });
const v1 = (secret = 'current', ts = seconds) => signJob('clip', INPUT, { secret, ts });

describe('a good signature', () => {
  test('of either version is accepted', () => {
    const { check } = create();
    expect(check(v0())).toBeUndefined();
    expect(check(v1())).toBeUndefined();
  });

  test('may be made with the secret of before while secrets are rotated', () => {
    const { check } = create({ secrets: ['next', 'current'] });
    expect(check(v0('current'))).toBeUndefined();
    expect(check(v0('next'))).toBeUndefined();
    expect(check(v0('older'))).toBe('MISMATCH');
  });

  test.each([-120, 120])('may lie %d s from now', (offset) => {
    expect(create().check(v0('current', START + offset))).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each([
    [-121, 'EXPIRED'],
    [121, 'FUTURE'],
  ])('a time %d s from now', (offset, code) => {
    const { check } = create();
    expect(check(v0('current', START + offset))).toBe(code);
    expect(check(v1('current', START + offset))).toBe(code);
  });

  test.each([
    ['no auth', undefined, 'MISSING'],
    ['null', null, 'MISSING'],
    ['text', 'x', 'MALFORMED'],
    ['a list', [], 'MALFORMED'],
    ['an empty object', {}, 'MALFORMED'],
    ['a time as text', { ts: String(START), sig: '0'.repeat(64) }, 'MALFORMED'],
    ['a time with a fraction', { ts: START + 0.5, sig: '0'.repeat(64) }, 'MALFORMED'],
    ['a short signature', { ts: START, sig: '0'.repeat(63) }, 'MALFORMED'],
    ['a long signature', { ts: START, sig: '0'.repeat(65) }, 'MALFORMED'],
    ['upper-case hex', { ts: START, sig: 'A'.repeat(64) }, 'MALFORMED'],
    ['another version', { v: 2, ts: START, sig: '0'.repeat(64), nonce: 'n'.repeat(16) }, 'MALFORMED'],
    ['version 1 without a nonce', { v: 1, ts: START, sig: '0'.repeat(64) }, 'MALFORMED'],
    ['a short nonce', { v: 1, ts: START, sig: '0'.repeat(64), nonce: 'n' }, 'MALFORMED'],
    ['another signature', { ts: START, sig: '0'.repeat(64) }, 'MISMATCH'],
  ])('%s', (_name, auth, code) => {
    expect(create().check(auth)).toBe(code);
  });

  test('any signature where no secret is set', () => {
    expect(create({ secrets: [] }).check(v0())).toBe('NO_SECRET');
    expect(create({ secrets: [''] }).check(v0(''))).toBe('NO_SECRET');
  });

  test('a field of the input that was changed, in version 1', () => {
    expect(create().check(v1(), { input: { ...INPUT, normalize: false } })).toBe('MISMATCH');
  });

  test('version 0 where it covers too little, or is not wanted', () => {
    expect(create().check(v0(), { v0: undefined })).toBe('OLD_VERSION');
    expect(create({ onlyV1: true }).check(v0())).toBe('OLD_VERSION');
  });
});

describe('a signature that was used', () => {
  test('is refused as long as its time is good, and then because it is over', () => {
    const { check } = create();
    const auth = v1();
    expect(check(auth)).toBeUndefined();
    seconds += 120;
    expect(check(auth)).toBe('REPLAYED');
    seconds += 1;
    expect(check(auth)).toBe('EXPIRED');
  });

  test('is good again for the same job, and for no other', () => {
    const { check } = create();
    const auth = v0();
    expect(check(auth, { holder: 'job-1' })).toBeUndefined();
    expect(check(auth, { holder: 'job-1' })).toBeUndefined();
    expect(check(auth, { holder: 'job-2' })).toBe('REPLAYED');
    expect(check(auth)).toBe('REPLAYED');
  });

  test('is remembered until its time is over, and makes place then', () => {
    const { check, replays } = create({ capacity: 2 });
    expect(check(v1())).toBeUndefined();
    expect(check(v1())).toBeUndefined();
    expect(check(v1())).toBe('TOO_MANY');
    seconds += 122;
    expect(check(v1())).toBeUndefined();
    expect(replays.size).toBe(1);
  });

  test('fills nothing when it is false', () => {
    const { check, replays } = create();
    check(v1('wrong'));
    check(v0('wrong'));
    expect(replays.size).toBe(0);
  });
});
