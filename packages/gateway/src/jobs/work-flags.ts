/**
 * Endpoints that may have a ready job. The version tells a look that came back empty from one that a newer job has
 * overtaken, so that no wake-up is lost between the two.
 */
export function createWorkFlags() {
  const versions = new Map<string, number>();
  const flagged = new Set<string>();
  const touch = (endpoint: string) => versions.set(endpoint, (versions.get(endpoint) ?? 0) + 1);
  return {
    has: (endpoint: string) => flagged.has(endpoint),
    version: (endpoint: string) => versions.get(endpoint) ?? 0,
    /** A taker came: a pump that is ending must look again. */
    touch,
    set(endpoint: string): void {
      flagged.add(endpoint);
      touch(endpoint);
    },
    clear(endpoint: string, seen: number): void {
      if ((versions.get(endpoint) ?? 0) === seen) flagged.delete(endpoint);
    },
  };
}

export type WorkFlags = ReturnType<typeof createWorkFlags>;
