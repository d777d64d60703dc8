import { styleText } from 'node:util';
import Table from 'cli-table3';

/**
 * Where a command's words go: results on stdout, everything that only accompanies them on stderr, so that
 * `spillway … | something` and `--json` get results and nothing else.
 */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * A reader of results that has seen enough (`spillway jobs | head`) is no failure, and words beside them that nobody reads
 * are none either.
 */
export function endWithReader(endedWell: number): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(endedWell);
  });
  process.stderr.on('error', () => {});
}

/** For a command whose output is a log: who read it may leave, and its disk may be full; it goes on with its work. */
export function outliveReader(): void {
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', () => {});
}

/** One JSON value a line, for answers that come one after the other. */
export function printJsonLine(value: unknown): void {
  print(JSON.stringify(value));
}

/** Words beside the result: progress, hints, problems. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Coloured where the stream is a terminal that wants colours (`NO_COLOR` is heeded). */
export function style(name: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(name, text, { stream });
}

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** Aligned columns without lines; numbers stand right. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const view = new Table({
    head: columns.map(({ title }) => style('dim', title)),
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: NO_LINES,
  });
  for (const row of rows) view.push([...row]);
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((place) => [place, '']),
);

/** `name: value` lines with the values below one another; absent values are left out. */
export function fields(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${style('dim', name.padEnd(width))}  ${value}`).join('\n');
}

/** Columns that `barText` takes. */
export const BAR_WIDTH = 24;

/** How far something is, as a bar for stderr; `part` from 0 to 1. */
export function barText(part: number): string {
  const done = Math.round(part * BAR_WIDTH);
  return (
    style('cyan', '█'.repeat(done), process.stderr) +
    style('dim', '░'.repeat(BAR_WIDTH - done), process.stderr)
  );
}
