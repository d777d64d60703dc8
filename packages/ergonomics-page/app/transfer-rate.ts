/**
 * How fast bytes go, from the last seconds of what was seen. What was there already when an upload goes on is no speed,
 * so a rate is forgotten at each pause.
 */
export interface TransferRate {
  note(bytes: number): void;
  /** Undefined until there is something to go by. */
  bytesPerSecond(): number | undefined;
  forget(): void;
}

const WINDOW_MS = 8_000;
const LEAST_MS = 500;

export function createTransferRate(now: () => number): TransferRate {
  let seen: { readonly at: number; readonly bytes: number }[] = [];
  return {
    note(bytes) {
      const at = now();
      seen = [...seen.filter((one) => at - one.at <= WINDOW_MS), { at, bytes }];
    },
    bytesPerSecond() {
      const [first, last] = [seen[0], seen.at(-1)];
      if (!first || !last || last.at - first.at < LEAST_MS) return undefined;
      return Math.max(0, ((last.bytes - first.bytes) / (now() - first.at)) * 1000);
    },
    forget() {
      seen = [];
    },
  };
}
