import type { Clock } from '@spillway/sdk/clock';
import { GatewayError } from '../errors.ts';
import { type ByteBudget, createByteBudget } from '../lib/byte-budget.ts';

const MIB = 1024 * 1024;
/** Two of the largest results, or a dozen of the largest inputs. */
const BODIES_BYTES = 256 * MIB;
/** Workers and clients wait longer for an answer, and send again what is refused. */
const ROOM_WAIT_MS = 30_000;

/** Of bodies over a MiB, which are read whole; those for which there is no room stay with their senders meanwhile. */
export function createBodyBudget(clock: Pick<Clock, 'timer'>, totalBytes = BODIES_BYTES): ByteBudget {
  const sentence = `large bodies fill the ${Math.round(totalBytes / MIB)} MiB that they may have in memory; nothing was accepted, send it again`;
  const refusal = () => new GatewayError('OVERLOADED', sentence);
  return createByteBudget({ totalBytes, waitMs: ROOM_WAIT_MS, clock, refusal });
}
