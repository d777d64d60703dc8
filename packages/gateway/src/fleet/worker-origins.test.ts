import { expect, test } from 'vitest';
import { type GatewayAddresses, workerOrigin } from './worker-origins.ts';

const HERE: GatewayAddresses = { url: 'http://127.0.0.1:8080', hostname: 'box', hasHostNetwork: true };

test('workers of this machine use the gateway’s own address, containers too where they share its network', () => {
  const changes = {
    ...HERE,
    publicUrl: 'https://gpu.example.com',
    workerListen: { host: '0.0.0.0', port: 81 },
  };
  expect(workerOrigin('process', changes)).toBe('http://127.0.0.1:8080');
  expect(workerOrigin('container', changes)).toBe('http://127.0.0.1:8080');
});

test('containers with a network of their own find the machine by the engine’s name', () => {
  const apart = { ...HERE, hasHostNetwork: false };
  expect(workerOrigin('container', apart)).toBe('http://host.docker.internal:8080');
  const door = { ...apart, workerListen: { host: '0.0.0.0', port: 8081 } };
  expect(workerOrigin('container', door)).toBe('http://host.docker.internal:8081');
});

test.each([
  [{}, 'http://127.0.0.1:8080'],
  [{ publicUrl: 'https://gpu.example.com' }, 'https://gpu.example.com'],
  [{ publicUrl: 'https://x', workerListen: { host: '10.0.0.5', port: 81 } }, 'http://10.0.0.5:81'],
  [{ workerListen: { host: '0.0.0.0', port: 81 } }, 'http://box:81'],
  [{ workerListen: { host: 'fd00::5', port: 81 } }, 'http://[fd00::5]:81'],
])('workers from elsewhere, with %j, are told %s', (changes, origin) => {
  expect(workerOrigin('pool', { ...HERE, ...changes })).toBe(origin);
});
