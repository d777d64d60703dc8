import type { JobReply } from '@spillway/protocol';
import { MultiBar, type SingleBar } from 'cli-progress';
import { BAR_WIDTH, barText, note } from '../output.ts';
import { describeProgress } from './describe-progress.ts';
import type { JobInput } from './inputs.ts';

/** Shows jobs under way on stderr: a bar each on a terminal, a line for each change elsewhere. */
export interface ProgressView {
  change(input: JobInput, reply: JobReply): void;
  end(input: JobInput, sentence: string): void;
  /** A remark about the whole run. */
  say(sentence: string): void;
  close(): void;
}

const LONGEST_LINE = 500;

export function createProgressView(inputs: readonly JobInput[], isTerminal: boolean): ProgressView {
  const width = Math.min(32, Math.max(...inputs.map(({ label }) => label.length)));
  return isTerminal ? createBars(width) : createLines();
}

/** For scripts that want stdout and stderr to themselves. */
export function createSilentView(): ProgressView {
  return { change: () => {}, end: () => {}, say: note, close: () => {} };
}

function createBars(labelWidth: number): ProgressView {
  const bars = new MultiBar({
    stream: process.stderr,
    format: (_options, { value }, payload) => barLine(labelWidth, value, payload),
    hideCursor: true,
    clearOnComplete: true,
    // The line, not the bar, says what is going on: also while nothing moves.
    forceRedraw: true,
    gracefulExit: false,
  });
  const open = new Map<JobInput, SingleBar>();
  let isClosed = false;
  return {
    change(input, reply) {
      const room = (process.stderr.columns || 80) - labelWidth - BAR_WIDTH - 5;
      const { text, percent = 0 } = describeProgress(reply, Math.max(10, room));
      const bar = open.get(input) ?? bars.create(100, 0, {});
      open.set(input, bar);
      bar.update(percent, { label: input.label, text });
    },
    say(sentence) {
      bars.log(`${sentence}\n`);
      bars.update();
    },
    end(input, sentence) {
      bars.log(`${sentence}\n`);
      const bar = open.get(input);
      open.delete(input);
      // Either draws anew, and with it the sentence above the bars.
      if (bar) bars.remove(bar);
      else bars.update();
    },
    close() {
      if (!isClosed) bars.stop();
      isClosed = true;
    },
  };
}

function barLine(labelWidth: number, value: number, payload: { label?: string; text?: string }): string {
  const { label = '', text = '' } = payload;
  return `${label.slice(0, labelWidth).padEnd(labelWidth)}  ${barText(value / 100)}  ${text}`;
}

function createLines(): ProgressView {
  const said = new Map<JobInput, string>();
  return {
    change(input, reply) {
      const { text } = describeProgress(reply, LONGEST_LINE);
      // How many jobs are ahead changes all the time; why it waits, and its stage, seldom do.
      const kind = reply.status === 'IN_QUEUE' ? reply.waitReason?.code : text;
      if (kind === undefined || said.get(input) === kind) return;
      said.set(input, kind);
      note(`${input.label}: ${text}`);
    },
    end: (_input, sentence) => note(sentence),
    say: note,
    close: () => {},
  };
}
