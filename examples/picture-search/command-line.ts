// What was asked for on the command line.
import path from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Usage:
  npm run search                                        show it on the pictures of the example
  npm run search -- index FOLDER                        index what is new or changed in it
  npm run search -- find "three red circles" photo.jpg  look for words, and for what is like a picture

  --index FILE   the index (default: ./pictures.index)
  --top N        hits of each search (default 12)
  --out FILE     the page (default: ./picture-search.html)
  --json         print JSON on stdout, and nothing else there

SPILLWAY_URL, SPILLWAY_API_KEY and EMBEDDING_HMAC_SECRET name a gateway that runs; without them one is started.`;

/** What is wrong with the command line. */
export class WrongUse extends Error {}

export interface Settings {
  readonly indexFile: string;
  readonly pageFile: string;
  readonly top: number;
  readonly json: boolean;
  /** Where the user is; npm starts scripts in the project's folder. */
  readonly folder: string;
}

export interface CommandLine {
  readonly settings: Settings;
  readonly command: string | undefined;
  readonly rest: readonly string[];
  readonly isHelp: boolean;
}

const MOST_HITS = 1000;

/** @throws WrongUse */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const folder = process.env.INIT_CWD ?? process.cwd();
  const { values, positionals } = parseOptions(args);
  const top = Number(values.top);
  if (!Number.isInteger(top) || top < 1 || top > MOST_HITS)
    throw new WrongUse(`--top: expected a whole number from 1 to ${MOST_HITS}, found "${values.top}"`);
  const [command, ...rest] = positionals;
  const settings = {
    indexFile: path.resolve(folder, values.index),
    pageFile: path.resolve(folder, values.out),
    top,
    json: values.json,
    folder,
  };
  return { settings, command, rest, isHelp: values.help };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        index: { type: 'string', default: 'pictures.index' },
        out: { type: 'string', default: 'picture-search.html' },
        top: { type: 'string', default: '12' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new WrongUse(error instanceof Error ? error.message : String(error));
  }
}
