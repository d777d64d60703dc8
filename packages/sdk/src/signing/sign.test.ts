import { describe, expect, test } from 'vitest';
import { signHttpImageV0, signHttpTextV0, signImageUrlV0, signJob } from './sign.ts';
import { canonicalBody, hmacHex, sha256Hex } from './signed-text.ts';

const TS = 1_700_000_000;

describe('version 0', () => {
  test('is what existing callers sign', () => {
    const url = 'https://images.example.com/a.jpg?w=512';
    expect(signImageUrlV0(url, { secret: 'test-secret', ts: TS })).toEqual({
      ts: TS,
      sig: 'c51985b3306718c3cb546f6ebb69d63c2cb93e48c40b279a38063c3730fb2b1a',
    });
  });

  test('of the HTTP form covers method and path, and a text by its hash', () => {
    const secret = 'test-secret';
    const path = '/v1/embed/image';
    expect(signHttpImageV0(path, 'https://x.test/a.jpg', { secret, ts: TS }).sig).toBe(
      hmacHex(secret, `POST|/v1/embed/image|https://x.test/a.jpg|${TS}`),
    );
    const hash = sha256Hex('a red circle');
    expect(signHttpTextV0('/v1/embed/text', 'a red circle', { secret, ts: TS }).sig).toBe(
      hmacHex(secret, `POST|/v1/embed/text|${hash}|${TS}`),
    );
  });

  test('takes a secret as the text that it is, also where it looks like hex', () => {
    expect(hmacHex('00ff', 'x')).toBe('cf171498d12f7e18757520af4b9413b4ad5b3e1d17b429a6252c37986573b236');
  });
});

describe('version 1', () => {
  const input = { image_url: 'https://x.test/a.jpg', normalize: true, request_id: 'r1' };
  const sign = (endpoint: string, changed: object, more: object = {}) =>
    signJob(endpoint, { ...input, ...changed }, { secret: 's', ts: TS, nonce: 'n'.repeat(16), ...more }).sig;

  test('covers every field of the input, the endpoint, the time and the nonce', () => {
    const sig = sign('clip', {});
    expect(sign('clip', {})).toBe(sig);
    const others = [
      sign('clip', { normalize: false }),
      sign('clip', { request_id: 'r2' }),
      sign('clip', { model: 'other' }),
      sign('detect', {}),
      sign('clip', {}, { ts: TS + 1 }),
      sign('clip', {}, { nonce: 'm'.repeat(16) }),
      sign('clip', {}, { secret: 't' }),
    ];
    expect(new Set([sig, ...others]).size).toBe(8);
  });

  test('does not depend on the order of keys, nor on an `auth` that is there already', () => {
    const { image_url, normalize, request_id } = input;
    const options = { secret: 's', ts: TS, nonce: 'n'.repeat(16) };
    const reordered = signJob('clip', { request_id, auth: { ts: 1 }, normalize, image_url }, options);
    expect(reordered.sig).toBe(sign('clip', {}));
  });

  test('signs exactly this text', () => {
    const body = '{"b":[1,"ü"],"a":1.50,"auth":{"ts":1}}';
    expect(canonicalBody(JSON.parse(body) as Record<string, unknown>)).toBe('{"a":1.5,"b":[1,"ü"]}');
    const nonce = 'abcdefghijklmnop';
    const auth = signJob('clip', { a: 1.5, b: [1, 'ü'] }, { secret: 's', ts: TS, nonce });
    const text = `v1\nJOB\nclip\n${TS}\n${nonce}\n${sha256Hex('{"a":1.5,"b":[1,"ü"]}')}`;
    expect(auth).toEqual({ v: 1, ts: TS, nonce, sig: hmacHex('s', text) });
  });

  test('takes a nonce of its own each time', () => {
    const first = signJob('clip', input, { secret: 's' });
    expect(first.nonce).toMatch(/^[\w-]{22}$/);
    expect(signJob('clip', input, { secret: 's' }).nonce).not.toBe(first.nonce);
  });
});
