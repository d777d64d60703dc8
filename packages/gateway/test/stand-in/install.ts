import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StandInImage } from './engine.ts';

export interface StandIn {
  /** Variables that put it first in PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
  /** Every call so far: the engine's name and its arguments. */
  calls(): readonly (readonly string[])[];
  /** A pull waits until this is undone. */
  holdPull(isHeld: boolean): void;
  /** The engine's service answers no more. */
  takeDown(): void;
  remove(): void;
}

/** The image whose command is whatever stands in `args`. */
export const SHELL_IMAGE = 'library/shell:1';

/** Each call of the engine is a Node of its own; with this it starts in a third of the time. */
const COMPILE_CACHE = fileURLToPath(new URL('../../../../.cache/node-compile', import.meta.url));

/** Installs the stand-in engine under these names in a folder of its own. */
export function installStandIn(
  images: Readonly<Record<string, StandInImage>> = {},
  {
    programs = ['docker'],
    pulled = [SHELL_IMAGE],
  }: { programs?: readonly string[]; pulled?: readonly string[] } = {},
): StandIn {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'spillway-stand-in-'));
  const bin = path.join(dir, 'bin');
  mkdirSync(bin);
  mkdirSync(path.join(dir, 'images'));
  const engine = fileURLToPath(new URL('engine.ts', import.meta.url));
  for (const program of programs) {
    const file = path.join(bin, program);
    const script = `export NODE_COMPILE_CACHE='${COMPILE_CACHE}'\nexec '${process.execPath}' '${engine}' ${program} "$@"`;
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  writeFileSync(path.join(dir, 'registry.json'), JSON.stringify({ [SHELL_IMAGE]: {}, ...images }));
  for (const image of pulled) writeFileSync(path.join(dir, 'images', encodeURIComponent(image)), '');
  const held = path.join(dir, 'hold-pull');
  return {
    dir,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, STAND_IN_DIR: dir } as Record<string, string>,
    calls: () =>
      readFileSync(path.join(dir, 'calls.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    holdPull: (isHeld) => (isHeld ? writeFileSync(held, '') : rmSync(held, { force: true })),
    takeDown: () => writeFileSync(path.join(dir, 'down'), ''),
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}
