import { expect, test } from 'vitest';
import { newTestEndpoint } from '../endpoints/new-test-endpoint.ts';
import { arrivalLimit } from './request-arrival.ts';

const loadBalanced = (waitTimeoutMs: number, requestTimeoutMs: number) =>
  newTestEndpoint({
    loadBalancing: {
      ...{ healthCheckPath: '/ping', healthCheckIntervalMs: 1_000, hasHealthPort: false },
      ...{ waitTimeoutMs, requestTimeoutMs, payloadLimitBytes: 1_000 },
    },
  });

test('a request has ten minutes to arrive', () => {
  expect(arrivalLimit([])).toEqual({ timeoutMs: 600_000 });
  expect(arrivalLimit([newTestEndpoint(), loadBalanced(1_000, 1_000)])).toEqual({ timeoutMs: 600_000 });
});

test('one that a load-balancing endpoint may hold for longer has as long', () => {
  // A request that insists on one worker waits for five minutes at least.
  expect(arrivalLimit([loadBalanced(120_000, 330_000)])).toEqual({ timeoutMs: 630_000 });
  expect(arrivalLimit([newTestEndpoint(), loadBalanced(3_600_000, 60_000)])).toEqual({
    timeoutMs: 3_660_000,
  });
});
