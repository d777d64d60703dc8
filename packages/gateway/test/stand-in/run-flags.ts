import { readFileSync, statSync } from 'node:fs';

/** What the stand-in understood of `run`. */
export interface RunFlags {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Place in the container → what is mounted there. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly memory: number | undefined;
  readonly image: string;
  readonly args: readonly string[];
}

/** Told as the engine tells it, with exit code 125. */
export class Refused extends Error {}

/** Flags without a value. */
const SWITCHES = new Set(['--init']);
/** Flags with one, by what it must look like. */
const VALUES: Readonly<Record<string, RegExp>> = {
  '--name': /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
  '--label': /^[a-z.]+=.+$/,
  '--pull': /^never$/,
  '--stop-timeout': /^\d+$/,
  '--network': /^host$/,
  '--memory': /^\d{7,}$/,
  '--shm-size': /^\d+$/,
  '--env-file': /^\//,
  '--env': /^[A-Za-z_][A-Za-z0-9_]*$/,
  '--volume': /^([^:]+):(\/[^:]*)(:(ro|rw|z|Z)(,(ro|rw|z|Z))*)?$/,
};
const OF_KIND: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  docker: {
    '--gpus': /^(all|[1-9]\d*|"device=(GPU|MIG)-[\w-]+(,(GPU|MIG)-[\w-]+)*")$/,
    '--add-host': /^host\.docker\.internal:host-gateway$/,
  },
  podman: { '--device': /^nvidia\.com\/gpu=(all|\d+|MIG-[\w-]+)$/ },
};
const REPEATABLE = new Set(['--label', '--env', '--volume', '--device']);
const NEEDED = ['--name', '--label', '--pull', '--env-file', '--stop-timeout', '--init', '--volume'];

export function readRun(kind: string, words: readonly string[]): RunFlags {
  const given = new Map<string, string[]>();
  let at = 0;
  while (words[at]?.startsWith('-')) at = readFlag(kind, words, at, given);
  for (const flag of NEEDED) if (!given.has(flag)) throw new Refused(`run: ${flag} is missing`);
  const [image, ...args] = words.slice(at);
  if (image === undefined) throw new Refused('"docker run" requires at least 1 argument.');
  const first = (flag: string) => given.get(flag)?.[0];
  const memory = first('--memory');
  return {
    name: first('--name') ?? '',
    labels: Object.fromEntries((given.get('--label') ?? []).map((text) => cut(text, '='))),
    env: { ...readEnvFile(first('--env-file') ?? ''), ...readPassed(given.get('--env') ?? []) },
    volumes: readVolumes(given.get('--volume') ?? []),
    memory: memory === undefined ? undefined : Number(memory),
    image,
    args,
  };
}

/** Answers where the next word is. */
function readFlag(kind: string, words: readonly string[], at: number, given: Map<string, string[]>): number {
  const flag = words[at] ?? '';
  if (SWITCHES.has(flag)) {
    given.set(flag, ['']);
    return at + 1;
  }
  const pattern = VALUES[flag] ?? OF_KIND[kind]?.[flag];
  const value = words[at + 1] ?? '';
  if (!pattern) throw new Refused(`unknown flag: ${flag}`);
  if (!pattern.test(value)) throw new Refused(`invalid argument "${value}" for "${flag}" flag`);
  const known = given.get(flag) ?? [];
  if (known.length > 0 && !REPEATABLE.has(flag)) throw new Refused(`${flag} is given twice`);
  given.set(flag, [...known, value]);
  return at + 2;
}

function readEnvFile(file: string): Record<string, string> {
  const { mode } = statSync(file);
  if ((mode & 0o077) !== 0) throw new Refused(`${file}: others can read it`);
  const lines = readFileSync(file, 'utf8').split('\n');
  const env: Record<string, string> = {};
  for (const line of lines) {
    const text = line.trimStart();
    if (text === '' || text.startsWith('#')) continue;
    if (text.length > 65_536) throw new Refused('bufio.Scanner: token too long');
    const [name, value] = cut(text, '=');
    if (name === '' || /\s/.test(name)) throw new Refused(`poorly formatted environment: "${text}"`);
    env[name] = value;
  }
  return env;
}

/** `--env NAME` takes the value from the command line's own environment. */
function readPassed(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const value = process.env[name];
      if (value === undefined) throw new Refused(`--env ${name}: it is not set`);
      return [name, value];
    }),
  );
}

function readVolumes(texts: readonly string[]): Record<string, string> {
  const volumes: Record<string, string> = {};
  for (const text of texts) {
    const [source = '', target = ''] = text.split(':');
    if (target in volumes) throw new Refused(`Duplicate mount point: ${target}`);
    const isFolder = statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (source.startsWith('/') && !isFolder) throw new Refused(`${source} is no folder`);
    volumes[target] = source;
  }
  return volumes;
}

function cut(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
