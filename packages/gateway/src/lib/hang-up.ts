/**
 * What tells that a client is gone: an AbortSignal, or something lighter, since every poll of every worker has one and
 * hardly any client ever leaves.
 */
export interface HangUp {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
