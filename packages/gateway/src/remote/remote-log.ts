/**
 * What is known here of the attempts of one endpoint at RunPod, as lines, for whoever follows its logs: RunPod gives what
 * workers print only to its own console, so these are their states, progress and ends. The last ones are kept in memory.
 */
export interface RemoteLog {
  add(workerId: string, text: string): void;
  /** The last lines, of one attempt or of all. */
  tail(count: number, workerId?: string): readonly string[];
  /** Every further line, until the returned function is called. */
  follow(listener: (line: string) => void, workerId?: string): () => void;
}

const KEPT = 1_000;
const LONGEST_LINE = 2_000;

export function createRemoteLog(now: () => number): RemoteLog {
  const kept: { readonly workerId: string; readonly line: string }[] = [];
  const listeners = new Set<(workerId: string, line: string) => void>();
  return {
    add(workerId, text) {
      const said = text.replaceAll(/\s*\n\s*/g, ' | ').slice(0, LONGEST_LINE);
      const line = `[runpod ${new Date(now()).toISOString()}] ${said}`;
      kept.push({ workerId, line });
      if (kept.length > KEPT) kept.shift();
      for (const listener of listeners) listener(workerId, line);
    },
    tail(count, workerId) {
      const lines = kept.filter((one) => workerId === undefined || one.workerId === workerId);
      return count === 0 ? [] : lines.slice(-count).map(({ line }) => line);
    },
    follow(listener, workerId) {
      const hear = (of: string, line: string) => {
        if (workerId === undefined || of === workerId) listener(line);
      };
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
  };
}
