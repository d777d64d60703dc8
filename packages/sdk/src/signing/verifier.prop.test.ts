import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReplayGuard } from './replay-guard.ts';
import { signJob } from './sign.ts';
import { createVerifier } from './verifier.ts';

const input = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }).map((object) => {
  const { auth: _auth, ...rest } = object;
  return rest;
});

test('a request is accepted once, within its window, as it was signed', () => {
  const offset = fc.integer({ min: -200, max: 200 });
  fc.assert(
    fc.property(
      input,
      fc.integer({ min: 0, max: 2e9 }),
      fc.array(offset, { maxLength: 8 }),
      (body, ts, list) => {
        let seconds = ts;
        const now = () => seconds * 1000;
        const { verify } = createVerifier({ secrets: ['s'], now, replays: createReplayGuard({ now }) });
        // As it arrives: written and read.
        const sent = JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
        const auth = signJob('clip', body, { secret: 's', ts });
        let accepted = 0;
        for (const one of list) {
          seconds = ts + one;
          const isGood =
            verify(auth, { v1: { method: 'JOB', path: 'clip', body: { ...sent, auth } } }) === undefined;
          if (isGood) expect(Math.abs(one)).toBeLessThanOrEqual(120);
          accepted += isGood ? 1 : 0;
        }
        expect(accepted).toBe(list.some((one) => Math.abs(one) <= 120) ? 1 : 0);
      },
    ),
  );
});
