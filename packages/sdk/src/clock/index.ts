export { type BackoffBounds, backoffMs } from '../backoff.ts';
export { type Clock, createSystemClock } from './clock.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
