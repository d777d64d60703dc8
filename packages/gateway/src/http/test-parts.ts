import { createEventLog } from '../events/event-log.ts';
import { createTestPlacer } from '../fleet/gpu/test-placer.ts';
import { NO_SPILL } from '../remote/spill-router.ts';
import { createReference } from './openapi/reference.ts';
import type { RouteParts } from './route.ts';

/** What a test of other things needs of events, metrics, cards and the reference. */
export function newTestParts(): Pick<
  RouteParts,
  | 'artifacts'
  | 'uploadTokens'
  | 'workerFiles'
  | 'events'
  | 'metricsText'
  | 'placer'
  | 'reference'
  | 'spill'
  | 'stopping'
  | 'usage'
> {
  return {
    artifacts: {} as RouteParts['artifacts'],
    uploadTokens: {} as RouteParts['uploadTokens'],
    workerFiles: {} as RouteParts['workerFiles'],
    events: createEventLog('test'),
    metricsText: async () => '',
    placer: createTestPlacer(),
    spill: NO_SPILL,
    reference: createReference([], 'test'),
    usage: { costsOf: () => new Map() } as unknown as RouteParts['usage'],
    stopping: new AbortController().signal,
  };
}
