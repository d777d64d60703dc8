import { expect, test } from 'vitest';
import { createDeliveryHolds } from './delivery-holds.ts';

test('jobs are delivered again when nobody holds them any more, in whatever order they let go', () => {
  const held = new Set<string>();
  const holds = createDeliveryHolds({
    pause: (endpoint) => void held.add(endpoint),
    resume: (endpoint) => void held.delete(endpoint),
  });
  holds.by('budget').pause('echo');
  holds.by('pause').pause('echo');
  holds.by('pause').pause('echo');
  holds.by('budget').resume('echo');
  holds.by('breaker').resume('echo');
  expect(held.has('echo')).toBe(true);
  holds.by('pause').resume('echo');
  expect(held.has('echo')).toBe(false);
});
