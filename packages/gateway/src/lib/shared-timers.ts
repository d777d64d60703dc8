import type { Clock } from '@spillway/sdk/clock';
import { insertBehind, type Linked, type LinkedList, takeOut } from './linked-list.ts';

interface Entry extends Linked<Entry> {
  readonly at: number;
  readonly onOver: () => void;
  isOpen: boolean;
}

/** Those of one length, which are over in the order in which they began. */
interface Line extends LinkedList<Entry> {
  stop: () => void;
}

/**
 * As the clock's own `timer`, for waits of a few lengths that nearly all end early, as those of workers for jobs do: one
 * timer of the clock serves all of a length, and each wait costs a place in a list.
 */
export function createSharedTimers(clock: Clock): Clock['timer'] {
  const lines = new Map<number, Line>();

  /** Another may have taken its place. */
  function forget(ms: number, line: Line): void {
    if (lines.get(ms) === line) lines.delete(ms);
  }

  function arm(ms: number, line: Line, first: Entry): void {
    line.stop = clock.timer(first.at - clock.now(), () => {
      const now = clock.now();
      for (let entry = line.first; entry && entry.at <= now; entry = line.first) {
        leave(line, entry);
        entry.onOver();
      }
      if (line.first) arm(ms, line, line.first);
      else forget(ms, line);
    });
  }

  function begin(ms: number, entry: Entry): Line {
    const line: Line = { first: entry, last: entry, stop: () => {} };
    lines.set(ms, line);
    arm(ms, line, entry);
    return line;
  }

  function join(line: Line, entry: Entry): Line {
    insertBehind(line, line.last, entry);
    return line;
  }

  return (ms, onOver) => {
    const entry: Entry = { at: clock.now() + ms, onOver, isOpen: true, before: undefined, after: undefined };
    const known = lines.get(ms);
    const line = known ? join(known, entry) : begin(ms, entry);
    return () => {
      if (!entry.isOpen) return;
      leave(line, entry);
      // Nobody waits: the clock's timer would hold up the end of the process.
      if (line.first) return;
      line.stop();
      forget(ms, line);
    };
  };
}

function leave(line: Line, entry: Entry): void {
  entry.isOpen = false;
  takeOut(line, entry);
}
