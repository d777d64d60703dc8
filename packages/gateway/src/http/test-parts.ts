import { createEventLog } from '../events/event-log.ts';
import { createReference } from './openapi/reference.ts';
import type { RouteParts } from './route.ts';

/** What a test of other things needs of events, metrics and the reference. */
export function newTestParts(): Pick<RouteParts, 'events' | 'metricsText' | 'reference' | 'stopping'> {
  return {
    events: createEventLog('test'),
    metricsText: async () => '',
    reference: createReference([], 'test'),
    stopping: new AbortController().signal,
  };
}
