import type { GatewayConfig } from '@spillway/gateway';
import { builtInWorkers } from '@spillway/workers';
import { expect, test } from 'vitest';
import { tryCommand } from './try-command.ts';

type LoadBalancing = NonNullable<GatewayConfig['endpoints'][number]['loadBalancing']>;

const endpoint = (worker: string | undefined, env: Readonly<Record<string, string>> = {}) => ({
  ...{ name: 'mine', env },
  ...(worker === undefined ? {} : { worker }),
});

test.each([
  [endpoint('detect'), 'spillway run mine photo.jpg'],
  [endpoint('ergonomics'), 'spillway run mine video.mp4'],
  [endpoint('clip', { EMBEDDING_AUTH: 'off' }), `spillway run mine '{"text":"a red star"}'`],
  [endpoint('clip'), 'spillway smoke mine'],
  [endpoint(undefined), `spillway run mine '{"prompt":"…"}'`],
])('%j is tried with its own kind of input', (one, command) => {
  expect(tryCommand([one], builtInWorkers)).toBe(command);
});

test('endpoints whose workers serve HTTP themselves take no jobs, so another one is named, or none', () => {
  const loadBalancing = {} as LoadBalancing;
  const web = { ...endpoint(undefined), name: 'web', loadBalancing };
  expect(tryCommand([web, endpoint('detect')], builtInWorkers)).toBe('spillway run mine photo.jpg');
  expect(tryCommand([web], builtInWorkers)).toBeUndefined();
});
