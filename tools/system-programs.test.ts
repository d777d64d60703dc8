import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import {
  CHROMIUM,
  ensurePrograms,
  FFMPEG,
  findProgram,
  type Machine,
  type SystemProgram,
  thisMachine,
} from './system-programs.ts';

/** A machine that has some programs; `answers` are those of apt-get, one a call, undefined for success. */
function machineWith(
  found: readonly SystemProgram[],
  { isRoot = true, hasApt = true, answers = [] as unknown[] } = {},
) {
  const there = new Set(found);
  const calls: string[] = [];
  const lines: string[] = [];
  const machine: Machine = {
    find: (program) => (there.has(program) ? '/usr/bin/it' : undefined),
    ...{ isRoot, hasApt },
    async aptGet(args) {
      calls.push(args.join(' '));
      const problem = answers.shift() as string | undefined;
      if (problem === undefined && args[0] === 'install') there.add(FFMPEG).add(CHROMIUM);
      return problem;
    },
    say: (line) => lines.push(line),
  };
  return { machine, calls, lines };
}

test('nothing is done or said where all is there', async () => {
  const { machine, calls, lines } = machineWith([FFMPEG, CHROMIUM]);
  await ensurePrograms([FFMPEG, CHROMIUM], machine);
  expect([...calls, ...lines]).toEqual([]);
});

test('root gets only what is absent, from the packages of the system', async () => {
  const { machine, calls, lines } = machineWith([CHROMIUM]);
  await ensurePrograms([FFMPEG, CHROMIUM], machine);
  expect(calls).toEqual(['install --yes --no-install-recommends ffmpeg']);
  expect(lines).toEqual(["Installing ffmpeg from the system's packages …"]);
});

test('stale lists of packages are refreshed once', async () => {
  const { machine, calls } = machineWith([], { answers: ['Unable to locate package ffmpeg'] });
  await ensurePrograms([FFMPEG, CHROMIUM], machine);
  const install = 'install --yes --no-install-recommends ffmpeg chromium';
  expect(calls).toEqual([install, 'update', install]);
});

test('without network one line says what is skipped and why', async () => {
  const reason = 'Temporary failure resolving the mirror';
  const { machine, lines } = machineWith([], { answers: [reason, reason, reason] });
  await ensurePrograms([FFMPEG, CHROMIUM], machine);
  expect(lines.slice(1)).toEqual([
    `SKIPPED: ffmpeg and chromium could not be installed (${reason}). Tests that need them are skipped (Debian: apt-get install ffmpeg chromium).`,
  ]);
});

test.each([
  ['a user who is not root', { isRoot: false }, 'only root may install packages'],
  ['another system', { hasApt: false }, 'there is no apt-get here'],
])('%s is told in one line', async (_, options, reason) => {
  const { machine, calls, lines } = machineWith([CHROMIUM], options);
  await ensurePrograms([FFMPEG, CHROMIUM], machine);
  expect(calls).toEqual([]);
  expect(lines).toEqual([
    `SKIPPED: ffmpeg not found, and ${reason}. Tests that need it are skipped (Debian: apt-get install ffmpeg).`,
  ]);
});

test('the apt-get of this machine is run, and what it brought is found', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-apt-'));
  const aptGet = path.join(folder, 'apt-get');
  const brought = path.join(folder, 'ffmpeg');
  const bring = [`printf '#!/bin/sh\\nexit 0\\n' > ${brought}`, `/bin/chmod +x ${brought}`].join('\n');
  writeFileSync(aptGet, `#!/bin/sh\ncase "$*" in *' install '*' ffmpeg') ;; *) exit 1 ;; esac\n${bring}\n`);
  chmodSync(aptGet, 0o755);
  vi.stubEnv('PATH', folder);
  try {
    const lines: string[] = [];
    const machine = { ...thisMachine(), isRoot: true, say: (line: string) => void lines.push(line) };
    await ensurePrograms([FFMPEG], machine);
    expect(lines).toEqual(["Installing ffmpeg from the system's packages …"]);
    expect(findProgram(FFMPEG)).toBe(brought);
  } finally {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  }
});

test('a program that an installation left in pieces is none, and the next one on PATH is taken', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-programs-'));
  const write = (place: string, script: string) => {
    const file = path.join(folder, place, 'ffmpeg');
    mkdirSync(path.dirname(file));
    writeFileSync(file, script);
    chmodSync(file, 0o755);
    return file;
  };
  try {
    const broken = path.dirname(
      write('broken', "#!/bin/sh\necho 'libavdevice.so.59: no such file' >&2\nexit 127\n"),
    );
    const empty = path.dirname(write('empty', '\x7fELF'));
    expect(findProgram(FFMPEG, [broken, empty].join(path.delimiter))).toBeUndefined();
    const whole = write('whole', '#!/bin/sh\n[ "$*" = -version ]\n');
    expect(findProgram(FFMPEG, [broken, empty, path.dirname(whole)].join(path.delimiter))).toBe(whole);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
