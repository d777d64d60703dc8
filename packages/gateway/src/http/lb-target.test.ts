import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createLbTargets } from './lb-target.ts';

const loadBalancing = {
  host: 'api.example.com',
  healthCheckPath: '/ping',
  healthCheckIntervalMs: 3_000,
  hasHealthPort: false,
  waitTimeoutMs: 120_000,
  requestTimeoutMs: 330_000,
  payloadLimitBytes: 1,
};
const targetOf = createLbTargets([newTestEndpoint({ name: 'web', loadBalancing }), newTestEndpoint()]);

test.each([
  ['/lb/web', '/'],
  ['/lb/web/', '/'],
  ['/lb/web?x=/lb/other', '/?x=/lb/other'],
  ['/lb/web/a%2Fb//c/../d?q#f', '/a%2Fb//c/../d?q#f'],
  ['/lb/web//', '//'],
])('%s leads to %s of the worker', (url, path) => {
  expect(targetOf({ url, headers: {} })).toEqual({ endpoint: 'web', path, prefix: '/lb/web' });
});

test.each(['/', '/lb', '/lb/', '/lb//x', '/lbx/web', '/v2/web/health', '*', 'http://gw/lb/web/'])(
  '%s is none of its paths',
  (url) => {
    expect(targetOf({ url, headers: { host: 'gw' } })).toBeUndefined();
  },
);

test('a host name of its own takes every path, whatever its case and port', () => {
  for (const host of ['api.example.com', 'API.Example.com:8080']) {
    const target = targetOf({ url: '/v2/web/run?x', headers: { host } });
    expect(target).toEqual({ endpoint: 'web', path: '/v2/web/run?x', prefix: '' });
  }
  expect(targetOf({ url: '/x', headers: { host: 'api.example.com.evil.test' } })).toBeUndefined();
});

test('what the client sent counts, not what the router made of it', () => {
  const request = { url: '/lb/web', originalUrl: '/lb/web/%zz', headers: {} };
  expect(targetOf(request)?.path).toBe('/%zz');
});
