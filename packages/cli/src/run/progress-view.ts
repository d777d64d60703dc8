import type { JobReply } from '@spillway/protocol';
import { MultiBar, type SingleBar } from 'cli-progress';
import { note, style } from '../output.ts';
import { describeProgress } from './describe-progress.ts';
import type { JobInput } from './inputs.ts';

/** Shows jobs under way on stderr: a bar each on a terminal, a line for each change elsewhere. */
export interface ProgressView {
  change(input: JobInput, reply: JobReply): void;
  end(input: JobInput, sentence: string): void;
  close(): void;
}

const BAR_WIDTH = 24;

export function createProgressView(inputs: readonly JobInput[], isTerminal: boolean): ProgressView {
  const width = Math.min(32, Math.max(...inputs.map(({ label }) => label.length)));
  return isTerminal ? createBars(width) : createLines();
}

/** For scripts that want stdout and stderr to themselves. */
export function createSilentView(): ProgressView {
  return { change: () => {}, end: () => {}, close: () => {} };
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
  return {
    change(input, reply) {
      const { text, percent = 0 } = describeProgress(reply);
      const bar = open.get(input) ?? bars.create(100, 0, {});
      open.set(input, bar);
      bar.update(percent, { label: input.label, text });
    },
    end(input, sentence) {
      const bar = open.get(input);
      if (bar) bars.remove(bar);
      open.delete(input);
      bars.log(`${sentence}\n`);
    },
    close: () => bars.stop(),
  };
}

function barLine(labelWidth: number, value: number, payload: { label?: string; text?: string }): string {
  const { label = '', text = '' } = payload;
  const done = Math.round((value / 100) * BAR_WIDTH);
  const bar = style('cyan', '█'.repeat(done), process.stderr) + style('dim', '░'.repeat(BAR_WIDTH - done), process.stderr);
  return `${label.slice(0, labelWidth).padEnd(labelWidth)}  ${bar}  ${text}`;
}

function createLines(): ProgressView {
  const said = new Map<JobInput, string>();
  return {
    change(input, reply) {
      const { text } = describeProgress(reply);
      if (said.get(input) === text) return;
      said.set(input, text);
      note(`${input.label}: ${text}`);
    },
    end: (_input, sentence) => note(sentence),
    close: () => {},
  };
}
