import type { WarmUp } from './engine-settings.ts';
import type { NativeGate } from './native-gate.ts';

/** What passes between the main thread and an inference thread. Everything here survives a structured clone. */
export interface ThreadStart {
  /** For the thread's set-up. */
  readonly data: unknown;
  readonly warmUp: WarmUp;
  readonly gate: NativeGate;
}

export type ToThread =
  /** To a thread that was started without. */
  | { readonly kind: 'start'; readonly start: ThreadStart }
  | { readonly kind: 'run'; readonly id: number; readonly request: unknown }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromThread =
  | { readonly kind: 'ready'; readonly info: unknown }
  /** The set-up failed; the thread ends after saying why. */
  | { readonly kind: 'unusable'; readonly message: string; readonly part?: string }
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly reply: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: ThreadFailure };

/** An error on its way between threads: classes do not survive the trip, so what matters of them is data. */
export interface ThreadFailure {
  readonly message: string;
  /** The caller's input is to blame, so the message is meant for the caller. */
  readonly isInputError: boolean;
  readonly stack?: string;
}
