import { combineEngineInfo, type EngineInfo } from './engine.ts';
import { watchLoopLag } from './loop-lag.ts';
import { inspectProviders } from './providers.ts';

/** What a worker tells of its engines in `/info`: what they run on, and that its event loop stays free. */
export interface EngineReport extends EngineInfo {
  /** Milliseconds by which the event loop came late, since the worker's start: 99 of 100 turns, and the worst one. */
  readonly eventLoopLagMs: { readonly p99: number; readonly max: number };
}

/** @param infos what the worker's engines say of themselves now. */
export function createEngineReport(infos: () => readonly EngineInfo[]): {
  read(): EngineReport;
  stop(): void;
} {
  const lag = watchLoopLag();
  return {
    read: () => ({ ...combineEngineInfo(infos()), eventLoopLagMs: lag.read() }),
    stop: () => lag.stop(),
  };
}

/** Whoever pays for a card should hear it at the start when the models do not run on it. */
export function warnOfUnusedCard(
  { note }: EngineInfo,
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): void {
  if (note !== undefined && inspectProviders(env).hasCard) warn(note);
}
