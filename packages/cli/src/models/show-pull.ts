import { MultiBar, type SingleBar } from 'cli-progress';
import { barText, note } from '../output.ts';
import { bytesText } from '../text.ts';
import type { PullView } from './pull/pull-view.ts';

/** Shows a pull on stderr: a bar for each file on a terminal, a line for each file and quarter of it elsewhere. */
export function createPullView(options: {
  readonly isTerminal: boolean;
  readonly isSilent: boolean;
}): PullView {
  if (options.isSilent) return { say: note, progress: () => {}, done: () => {}, close: () => {} };
  return options.isTerminal ? createBars() : createLines(note);
}

const LABEL_WIDTH = 36;

function createBars(): PullView {
  const bars = new MultiBar({
    stream: process.stderr,
    format: (_options, { value, total }, { label = '' }) => barLine(label as string, value, total),
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  });
  const open = new Map<string, SingleBar>();
  let isClosed = false;
  return {
    say(sentence) {
      bars.log(`${sentence}\n`);
      bars.update();
    },
    progress(file, bytes, total = 0) {
      const bar = open.get(file) ?? bars.create(total, bytes, { label: file });
      open.set(file, bar);
      bar.update(bytes);
    },
    done(file, bytes) {
      bars.log(`${file}  ${bytesText(bytes)}\n`);
      const bar = open.get(file);
      open.delete(file);
      if (bar) bars.remove(bar);
    },
    close() {
      if (!isClosed) bars.stop();
      isClosed = true;
    },
  };
}

function barLine(label: string, value: number, total: number): string {
  // From its end: what tells files apart stands there.
  const name = label.length > LABEL_WIDTH ? `…${label.slice(1 - LABEL_WIDTH)}` : label.padEnd(LABEL_WIDTH);
  const part = total > 0 ? Math.min(1, value / total) : 0;
  const of = total > 0 ? ` of ${bytesText(total)}` : '';
  return `${name}  ${barText(part)}  ${bytesText(value)}${of}`;
}

/** @param write one line; tests listen. */
export function createLines(write: (line: string) => void): PullView {
  const quarters = new Map<string, number>();
  return {
    say: write,
    progress(file, bytes, total) {
      const before = quarters.get(file);
      const quarter = total === undefined || total === 0 ? 0 : Math.min(3, Math.floor((bytes / total) * 4));
      if (before !== undefined && quarter <= before) return;
      quarters.set(file, quarter);
      const size = total === undefined ? '' : ` of ${bytesText(total)}`;
      if (before === undefined && bytes === 0) write(`${file}: fetching${size}`);
      else if (before === undefined) write(`${file}: going on at ${bytesText(bytes)}${size}`);
      else write(`${file}: ${bytesText(bytes)}${size}`);
    },
    done: (file, bytes) => write(`${file}: whole, ${bytesText(bytes)}`),
    close: () => {},
  };
}
