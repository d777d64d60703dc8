import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newTestEndpoint } from '../src/endpoints/new-test-endpoint.ts';
import { endpointNeed } from '../src/fleet/gpu/endpoint-need.ts';

const VRAM_BYTES = 3 * 1024 ** 3;

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'spillway-need-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function putModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ contract: 'clip', vramBytes: VRAM_BYTES }));
}

test.each([
  ['in the cache of the user who pulled it', '.cache/spillway/models/mine', {}],
  ['in the cache that the endpoint names', 'other/mine', { SPILLWAY_MODELS_CACHE: 'other' }],
  ['in a folder of models', 'weights/mine', { SPILLWAY_MODELS_DIR: 'weights' }],
])('a model %s is known with the memory that its card says', (_where, folder, places) => {
  putModel(path.join(home, folder));
  const env = Object.fromEntries(Object.entries(places).map(([name, at]) => [name, path.join(home, at)]));
  const endpoint = newTestEndpoint({ worker: 'clip', cwd: home, env: { CLIP_MODEL: 'mine', ...env } });
  expect(endpointNeed(endpoint, { HOME: home })?.memoryBytes).toBeGreaterThanOrEqual(VRAM_BYTES);
  expect(endpointNeed(endpoint, { HOME: path.join(home, 'nobody') })?.memoryBytes).toBe(
    Object.keys(places).length === 0 ? undefined : endpointNeed(endpoint, { HOME: home })?.memoryBytes,
  );
});
