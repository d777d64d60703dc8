// Finds pictures by words or by another picture: brings an index of a folder in step, asks a clip endpoint for vectors of
// what is looked for, and writes a page with the hits. Without arguments it shows itself on the pictures beside it.
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseCommandLine, type Settings, USAGE, WrongUse } from './command-line.ts';
import { type FindOptions, find } from './find.ts';
import { type IndexReport, indexFolder } from './index-folder.ts';
import { openClip } from './open-clip.ts';
import { createProgress, printable } from './progress.ts';

const interrupt = interruptSignal();
try {
  await main(process.argv.slice(2), interrupt.signal);
} catch (error) {
  if (!interrupt.signal.aborted) {
    console.error(`search: ${printable(error instanceof Error ? error.message : String(error))}`);
    if (error instanceof WrongUse) console.error(`\n${USAGE}`);
    process.exitCode = error instanceof WrongUse ? 2 : 1;
  }
}
if (interrupt.signal.aborted) process.exitCode = 130;
interrupt.release();

async function main(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { settings, command, rest, isHelp } = parseCommandLine(args);
  if (isHelp) return console.log(USAGE);
  const note = (sentence: string) => console.error(printable(sentence));
  let opened: ReturnType<typeof openClip> | undefined;
  const clip = async () => {
    opened ??= openClip(note);
    return (await opened).client;
  };
  try {
    await act({ settings, signal, clip, note }, command, rest);
  } finally {
    await (await opened?.catch(() => undefined))?.close();
  }
}

async function act(
  options: FindOptions,
  command: string | undefined,
  rest: readonly string[],
): Promise<void> {
  const [first, ...more] = rest;
  if (command === undefined) return demo(options);
  if (command === 'find') {
    if (first === undefined) throw new WrongUse('find: expected words in quotes, or a picture');
    return find(options, rest);
  }
  if (command !== 'index') throw new WrongUse(`expected index or find, found "${command}"`);
  if (first === undefined || more.length > 0) throw new WrongUse('index: expected one folder');
  const { settings } = options;
  const report = await index(options, path.resolve(settings.folder, first));
  if (settings.json) console.log(JSON.stringify(report, null, 2));
  if (report.failed.length > 0) process.exitCode = 1;
}

/** The example's own pictures, looked for by words and by one of them. */
async function demo(options: FindOptions): Promise<void> {
  const out = path.resolve(options.settings.folder, 'demo-output');
  await mkdir(out, { recursive: true });
  const settings: Settings = {
    ...options.settings,
    indexFile: path.join(out, 'pictures.index'),
    pageFile: path.join(out, 'picture-search.html'),
    top: 6,
  };
  const pictures = path.join(import.meta.dirname, 'shapes');
  await index({ ...options, settings }, pictures);
  const like = path.join(pictures, 'picture-10.jpg');
  await find({ ...options, settings }, [
    'red shapes',
    'three orange stars',
    'green crosses on a striped background',
    like,
  ]);
}

async function index({ settings, signal, clip, note }: FindOptions, folder: string): Promise<IndexReport> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) throw new WrongUse(`${folder}: expected a folder`);
  const { indexFile } = settings;
  const progress = createProgress(process.stderr);
  try {
    const { show } = progress;
    const report = await indexFolder({ folder, indexFile, clip, signal, onProgress: show, onNote: note });
    progress.end();
    for (const { file, reason } of report.failed) note(`✗ ${file}: ${reason}`);
    note(summaryOf(report, indexFile));
    return report;
  } catch (error) {
    progress.end();
    if (signal.aborted) note('stopped; what was indexed is kept, and the next run goes on from there');
    throw error;
  }
}

function summaryOf(report: IndexReport, file: string): string {
  const { pictures, added, unchanged, recognized, removed, failed } = report;
  const parts = [
    `${added} embedded`,
    `${unchanged} unchanged`,
    ...(recognized > 0 ? [`${recognized} known under another name or date`] : []),
    ...(removed > 0 ? [`${removed} gone`] : []),
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
  ];
  return `${pictures} ${pictures === 1 ? 'picture' : 'pictures'} in ${file}: ${parts.join(', ')}`;
}

/** The first Ctrl-C cancels what runs and keeps what is done, the second leaves at once. */
function interruptSignal() {
  const interrupted = new AbortController();
  function onSignal(): void {
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: interrupted.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
