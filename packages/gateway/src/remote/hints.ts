/** A hint that it is time to look: kept until it is taken, so that one which comes during a look counts for the next. */
export interface Hint {
  /** Aborts when a hint is there. */
  readonly signal: AbortSignal;
  give(): void;
  take(): void;
}

export function createHint(): Hint {
  let waiting = new AbortController();
  return {
    get signal() {
      return waiting.signal;
    },
    give: () => waiting.abort('hint'),
    take() {
      if (waiting.signal.aborted) waiting = new AbortController();
    },
  };
}
