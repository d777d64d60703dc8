import type { Clock } from '@spillway/sdk/clock';
import type { RemoteFaults } from '../endpoints/endpoint.ts';
import { createSeededRandom } from '../lib/seeded-random.ts';

/**
 * Calls of RunPod with the faults that the file asks for, so that users can see what their jobs do in bad weather. The
 * same seed has the same faults befall the same calls, one after the other.
 */
export function createFaultyFetch(
  faults: RemoteFaults,
  clock: Pick<Clock, 'sleep'>,
  send: typeof fetch = fetch,
): typeof fetch {
  const random = createSeededRandom(faults.seed);
  const answer = (status: number, headers: Record<string, string> = {}) =>
    Response.json(
      { status, title: 'Fault', detail: 'a fault that spillway.yaml asks for (`faults`)' },
      { status, headers },
    );
  return async (input, init) => {
    // Drawn for every call, so that one rate does not change what another does.
    const [throttle, error, lose] = [random(), random(), random()];
    if (faults.latencyMs > 0) await clock.sleep(faults.latencyMs, init?.signal ?? undefined);
    if (throttle < faults.throttleRate) return answer(429, { 'retry-after': '1' });
    if (error < faults.errorRate) return answer(500);
    const response = await send(input, init);
    if (lose >= faults.lostAnswers) return response;
    await response.body?.cancel();
    throw Object.assign(new TypeError('the answer was lost'), { code: 'FAULT_INJECTED' });
  };
}
