/**
 * A queue that gives every group its turn: of the entries that wait, one of each group is taken before any group gets a
 * second one. A group that was served goes to the end of the line, so turns go on from one taking to the next.
 */
export interface FairQueue<Entry> {
  readonly size: number;
  /** Without a group the entry is a group of its own. */
  add(entry: Entry, group?: string): void;
  /** At most `count` entries, in the order of their turns. */
  take(count: number): Entry[];
  /** Takes one entry out of the line; does nothing when it is not in it. */
  remove(entry: Entry): void;
}

export function createFairQueue<Entry>(): FairQueue<Entry> {
  // A Map keeps the order in which its keys were set: that is the line of the groups.
  const line = new Map<string | symbol, Entry[]>();
  const groupOf = new Map<Entry, string | symbol>();

  function takeOne(): Entry | undefined {
    for (const [group, entries] of line) {
      const entry = entries.shift();
      line.delete(group);
      if (entries.length > 0) line.set(group, entries);
      if (entry === undefined) continue;
      groupOf.delete(entry);
      return entry;
    }
    return undefined;
  }

  return {
    get size() {
      return groupOf.size;
    },
    add(entry, group) {
      const key = group ?? Symbol();
      const entries = line.get(key);
      if (entries === undefined) line.set(key, [entry]);
      else entries.push(entry);
      groupOf.set(entry, key);
    },
    take(count) {
      const taken: Entry[] = [];
      for (let entry = count > 0 ? takeOne() : undefined; entry !== undefined; ) {
        taken.push(entry);
        entry = taken.length < count ? takeOne() : undefined;
      }
      return taken;
    },
    remove(entry) {
      const group = groupOf.get(entry);
      if (group === undefined) return;
      groupOf.delete(entry);
      const rest = (line.get(group) ?? []).filter((other) => other !== entry);
      if (rest.length === 0) line.delete(group);
      else line.set(group, rest);
    },
  };
}
