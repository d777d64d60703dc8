import { expect, test } from 'vitest';
import {
  type ClientSide,
  firstValue,
  requestHeaders,
  responseHeaders,
  upgradeHeaders,
} from './proxy-headers.ts';

const CLIENT: ClientSide = {
  rawHeaders: ['Host', 'gw:8080'],
  method: 'GET',
  address: '192.0.2.1',
  isTls: false,
  prefix: '/lb/mine',
};
const sent = (changes: Partial<ClientSide>, isUpgrade = false) => {
  const headers = requestHeaders({ ...CLIENT, ...changes }, isUpgrade);
  return (name: string) => firstValue(headers, name);
};

test('a body of unknown length is chunked, a missing one has the length 0 where one is usual', () => {
  const chunked = sent({ rawHeaders: ['transfer-encoding', 'chunked'], method: 'DELETE' });
  expect([chunked('transfer-encoding'), chunked('content-length')]).toEqual(['chunked', undefined]);
  const sized = sent({ rawHeaders: ['Content-Length', '7'], method: 'POST' });
  expect([sized('transfer-encoding'), sized('content-length')]).toEqual([undefined, '7']);
  expect(sent({ method: 'POST' })('content-length')).toBe('0');
  expect(sent({ method: 'GET' })('content-length')).toBeUndefined();
});

test('a proxy in front of the gateway is believed as to the name and scheme that the client used', () => {
  const plain = sent({});
  expect(plain('x-forwarded-host')).toBe('gw:8080');
  expect([plain('x-forwarded-proto'), sent({ isTls: true })('x-forwarded-proto')]).toEqual(['http', 'https']);
  const behind = sent({
    rawHeaders: [
      'X-Forwarded-For',
      '203.0.113.9',
      'X-Forwarded-Host',
      'api.example',
      'X-Forwarded-Proto',
      'https',
    ],
  });
  expect(behind('x-forwarded-for')).toBe('203.0.113.9, 192.0.2.1');
  expect([behind('x-forwarded-host'), behind('x-forwarded-proto')]).toEqual(['api.example', 'https']);
});

test('every header that Connection names stays behind, in whatever case', () => {
  const headers = sent({
    rawHeaders: [
      'Connection',
      'close, X-One',
      'CONNECTION',
      'x-two',
      'X-ONE',
      '1',
      'x-Two',
      '2',
      'x-three',
      '3',
    ],
  });
  expect([headers('x-one'), headers('x-two'), headers('x-three')]).toEqual([undefined, undefined, '3']);
});

test('an upgrade asks the worker for what the client asked', () => {
  const rawHeaders = [
    'Connection',
    'keep-alive, Upgrade',
    'Upgrade',
    'websocket',
    'Sec-WebSocket-Key',
    'k',
    'Authorization',
    'x',
  ];
  const headers = sent({ rawHeaders }, true);
  expect([headers('connection'), headers('upgrade'), headers('sec-websocket-key')]).toEqual([
    'Upgrade',
    'websocket',
    'k',
  ]);
  expect(headers('authorization')).toBeUndefined();
});

const WORKER = { workerId: 'w1', prefix: '/lb/mine', host: 'gw:8080' };

test('the answer names its worker once, whatever the worker says itself', () => {
  const headers = responseHeaders({ ...WORKER, rawHeaders: ['X-Runpod-Worker-Id', 'me', 'ETag', '"1"'] });
  expect(headers).toEqual(['ETag', '"1"', 'X-Runpod-Worker-Id', 'w1']);
  const upgraded = upgradeHeaders({
    ...WORKER,
    rawHeaders: ['Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'a'],
  });
  expect(upgraded.join(' ')).toBe(
    'Sec-WebSocket-Accept a X-Runpod-Worker-Id w1 Connection Upgrade Upgrade websocket',
  );
});

test.each([
  ['/there?x=1', '/lb/mine/there?x=1'],
  ['http://gw:8080/there', 'http://gw:8080/lb/mine/there'],
  ['HTTPS://GW:8080/there', 'HTTPS://GW:8080/lb/mine/there'],
  ['//other.example/there', '//other.example/there'],
  ['https://other.example/there', 'https://other.example/there'],
  ['there', 'there'],
  ['', ''],
])('a redirect to %j becomes one to %j', (location, shown) => {
  const rawHeaders = ['Location', location];
  expect(firstValue(responseHeaders({ ...WORKER, rawHeaders }), 'location')).toBe(shown);
  const own = responseHeaders({ ...WORKER, prefix: '', rawHeaders });
  expect(firstValue(own, 'location')).toBe(location);
});

test('the worker is told what the gateway calls the request; the client’s own name for it stays as it was written', () => {
  const rawHeaders = ['Host', 'gw:8080', 'X-Request-ID', 'mine'];
  expect(requestHeaders({ ...CLIENT, rawHeaders, requestId: 'mine' })).toEqual(
    expect.arrayContaining(['X-Request-ID', 'mine']),
  );
  for (const given of [[], ['X-REQUEST-ID', 'not\tsound', 'x-request-id', 'twice']]) {
    const headers = requestHeaders({
      ...CLIENT,
      rawHeaders: ['Host', 'gw:8080', ...given],
      requestId: 'run-1',
    });
    const names = headers.filter((text) => text.toLowerCase() === 'x-request-id');
    expect([names.length, firstValue(headers, 'x-request-id')]).toEqual([1, 'run-1']);
  }
});

test('the answer has one request id, the gateway’s, and limits of the worker beside the gateway’s', () => {
  const ours = { 'x-request-id': 'run-1', ratelimit: '"lb";r=1;t=5' };
  const rawHeaders = ['X-Request-Id', 'the worker’s', 'RateLimit', '"own";r=0;t=1'];
  const headers = responseHeaders({ ...WORKER, rawHeaders, ours });
  expect(headers.join(' ')).toBe(
    'RateLimit "own";r=0;t=1 X-Runpod-Worker-Id w1 x-request-id run-1 ratelimit "lb";r=1;t=5',
  );
});
