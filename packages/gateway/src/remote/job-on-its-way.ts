import type { Move } from './decide-moves.ts';
import type { RouteReason } from './decide-route.ts';

/** A waiting job on its way to one of the endpoint's backends at RunPod. */
export interface HandOver {
  readonly jobId: string;
  readonly keyId: string | undefined;
  readonly reason: RouteReason;
  /** Where it was to go on to from a queue there. */
  readonly move?: Move | undefined;
}
