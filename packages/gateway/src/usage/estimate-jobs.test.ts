import { expect, test } from 'vitest';
import type { Endpoint, RemoteBackend } from '../endpoints/endpoint.ts';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { createBillScene } from './test-bill-scene.ts';

// Estimates of an endpoint whose jobs go to two endpoints at RunPod, of which the first takes one at a time.

const FIRST: RemoteBackend = {
  ...{ endpointId: 'near', apiKey: 'k', baseUrl: 'https://api.runpod.ai/v2', maxInFlight: 1 },
  ...{ queueDelayMs: 0, onUnhealthy: true, gpuPool: 'ADA_24', gpuCount: 1 },
};

async function estimateAfter(results: number, second: Partial<RemoteBackend>) {
  const further: RemoteBackend = { ...FIRST, endpointId: 'far', maxInFlight: 5, ...second };
  const places: Partial<Endpoint> = { remote: FIRST, furtherRemotes: [further] };
  const scene = createBillScene([], places);
  await scene.start();
  scene.far.plan = { coldMs: 1, runMs: 10_000, fails: false };
  for (let n = 0; n < results; n += 1) await scene.engine.submit();
  await scene.clock.advance(60_000);
  const endpoint = newTestEndpoint({ name: 'echo', backends: ['runpod'], ...places });
  const view = await scene.costs.views.estimate(endpoint, 100, 0);
  await scene.stop();
  return view;
}

test('every backend is priced, with its share of the results, and all together as they were spread', async () => {
  const { places, mix } = await estimateAfter(4, { gpuPool: 'AMPERE_24' });
  const [near, far] = [100 * 10 * 310, 100 * 10 * 190];
  expect(places).toMatchObject([
    { remoteEndpoint: 'near', share: 0.25, measuredAttempts: 1, priceClass: 'ADA_24', expectedMicros: near },
    { remoteEndpoint: 'far', share: 0.75, measuredAttempts: 3, priceClass: 'AMPERE_24', expectedMicros: far },
  ]);
  expect(mix).toEqual({
    ...{ expectedMicros: 0.25 * near + 0.75 * far, cheapestMicros: far, dearestMicros: near },
  });
});

test('a place that nobody measured, or that has no price, leaves the range open instead of guessed', async () => {
  const unmeasured = await estimateAfter(1, {});
  expect(unmeasured.places.map(({ share }) => share)).toEqual([1, 0]);
  expect(unmeasured.mix).toEqual({ expectedMicros: 100 * 10 * 310 });
  const nothing = await estimateAfter(0, {});
  expect(nothing.places.map(({ share }) => share)).toEqual([undefined, undefined]);
  expect(nothing.mix).toEqual({});
});
