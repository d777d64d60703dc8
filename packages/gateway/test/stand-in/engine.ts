// A stand-in for `docker` and `podman`, for tests on machines without an engine. It takes the calls that the gateway
// makes and no others: an unknown flag, a wrong value or a missing file ends it with the engine's own exit code 125.
// Containers are processes of this machine with nothing but their own environment; they outlive the command line that
// started them, as real ones do. Images are commands, listed in `registry.json` of the folder STAND_IN_DIR.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {
  type ContainerSpec,
  containerFolder,
  endContainer,
  readState,
  runShim,
  signalContainer,
  tailContainer,
} from './container.ts';
import { Refused, type RunFlags, readRun } from './run-flags.ts';

const dir = process.env.STAND_IN_DIR ?? '';
const [kind = '', ...args] = process.argv.slice(2);
const [verb = '', ...rest] = args;

export interface StandInImage {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** Bytes below which it is killed for want of memory. */
  readonly memoryNeeded?: number;
}

const verbs: Readonly<Record<string, (words: readonly string[]) => Promise<number> | number>> = {
  '--version': () => say(kind === 'podman' ? 'podman version 5.4.0' : 'Docker version 28.0.0, build 1'),
  info: () =>
    existsSync(path.join(dir, 'down'))
      ? fail(
          1,
          'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
        )
      : say('Server:\n Containers: 0'),
  image: (words) => {
    const [image] = expectWords(words, 'inspect', '--format', '{{.Id}}');
    return isHere(image) ? say(`sha256:${'0'.repeat(64)}`) : fail(1, `Error: No such image: ${image}`);
  },
  pull,
  run,
  kill: (words) => {
    const isPolite = words[0] === '--signal';
    const [name = '', ...more] = isPolite ? expectWords(words, '--signal', 'TERM') : words;
    if (more.length > 0) throw new Refused(`kill: too many words: ${words.join(' ')}`);
    const isKnown = isPolite ? signalContainer(dir, name) : endContainer(dir, name);
    return orAbsent(isKnown, name);
  },
  rm: async (words) => {
    // The watchdog doesn't know which engine it is; whoever does says that Podman need not wait.
    const isWaiting = kind === 'docker' || words[1] !== '--time';
    const flags = isWaiting ? ['--force', '--volumes'] : ['--force', '--time', '0', '--volumes'];
    for (const name of expectWords(words, ...flags)) {
      await endContainer(dir, name);
      rmSync(containerFolder(dir, name), { recursive: true, force: true });
      say(name);
    }
    return 0;
  },
  ps,
  container: (words) => {
    const [name = ''] = expectWords(words, 'inspect', '--format', '{{json .State}}');
    const state = readState(dir, name);
    return state ? say(JSON.stringify(state)) : fail(1, `Error: No such container: ${name}`);
  },
  shim: ([name = '']) => runShim(dir, name),
};

if (dir === '' || !existsSync(dir)) process.exit(fail(125, 'STAND_IN_DIR is no folder'));
if (verb !== 'shim') appendFileSync(path.join(dir, 'calls.jsonl'), `${JSON.stringify([kind, ...args])}\n`);
try {
  process.exitCode = (await verbs[verb]?.(rest)) ?? fail(125, `unknown command: ${verb}`);
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.exitCode = fail(125, error.message);
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function fail(code: number, text: string): number {
  process.stderr.write(`${kind}: ${text}\n`);
  return code;
}

/** What follows the words that must be there. */
function expectWords(words: readonly string[], ...expected: readonly string[]): readonly string[] {
  if (!expected.every((word, index) => words[index] === word)) {
    throw new Refused(`${verb}: unknown words: ${words.join(' ')}`);
  }
  return words.slice(expected.length);
}

async function orAbsent(isKnown: boolean | Promise<boolean>, name: string): Promise<number> {
  return (await isKnown) ? say(name) : fail(1, `No such container: ${name}`);
}

function registry(): Readonly<Record<string, StandInImage>> {
  return JSON.parse(readFileSync(path.join(dir, 'registry.json'), 'utf8'));
}

function isHere(image = ''): boolean {
  return existsSync(path.join(dir, 'images', encodeURIComponent(image)));
}

async function pull([image = '', ...more]: readonly string[]): Promise<number> {
  if (more.length > 0) return fail(125, 'pull: too many words');
  const [repository, tag = 'latest'] = image.split(':');
  if (!registry()[image]) {
    return fail(
      1,
      `Error response from daemon: pull access denied for ${repository}, repository does not exist or may require 'docker login'`,
    );
  }
  say(`${tag}: Pulling from ${repository}\n5f70bf18a086: Pulling fs layer`);
  while (existsSync(path.join(dir, 'hold-pull'))) await new Promise((resolve) => setTimeout(resolve, 20));
  mkdirSync(path.join(dir, 'images'), { recursive: true });
  writeFileSync(path.join(dir, 'images', encodeURIComponent(image)), '');
  return say(`5f70bf18a086: Pull complete\nStatus: Downloaded newer image for ${image}`);
}

async function run(words: readonly string[]): Promise<number> {
  const flags = readRun(kind, words);
  const image = registry()[flags.image];
  if (!image || !isHere(flags.image)) return fail(125, `Error: No such image: ${flags.image}`);
  const folder = containerFolder(dir, flags.name);
  if (existsSync(folder)) {
    return fail(
      125,
      `Error response from daemon: Conflict. The container name "/${flags.name}" is already in use`,
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(specOf(flags, image)));
  return tailContainer(dir, flags.name, kind);
}

function specOf(flags: RunFlags, image: StandInImage): ContainerSpec {
  const { labels, env, volumes, memory } = flags;
  const isHungry = memory !== undefined && image.memoryNeeded !== undefined && memory < image.memoryNeeded;
  return {
    command: [...(image.entrypoint ?? []), ...(flags.args.length > 0 ? flags.args : (image.cmd ?? []))],
    // A worker can look up what a real one would find mounted.
    env: { PATH: process.env.PATH ?? '', STAND_IN_VOLUMES: JSON.stringify(volumes), ...env },
    labels,
    isHungry,
  };
}

function ps(words: readonly string[]): number {
  const [filter, ...format] = expectWords(words, '--all', '--filter');
  expectWords(format, '--format', '{{.Names}} {{.State}}');
  const [, name = '', value = ''] = /^label=([^=]+)=(.+)$/.exec(filter ?? '') ?? [];
  if (name === '') return fail(125, `ps: unknown filter: ${filter}`);
  const names = existsSync(path.join(dir, 'containers')) ? readdirSync(path.join(dir, 'containers')) : [];
  for (const one of names) {
    const spec: ContainerSpec = JSON.parse(
      readFileSync(path.join(containerFolder(dir, one), 'spec.json'), 'utf8'),
    );
    if (spec.labels[name] === value) say(`${one} ${readState(dir, one)?.Status}`);
  }
  return 0;
}
