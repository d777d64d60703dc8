import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FFMPEG, findProgram } from '../../tools/system-programs.ts';

/** An ffmpeg for workers (`FFMPEG_PATH`) that writes down what it is asked for, and waits at a gate while that is shut. */
export interface GatedFfmpeg {
  readonly path: string;
  shut(): void;
  open(): void;
  /** Arguments of each call so far, in their order. */
  calls(): string[];
}

export function createGatedFfmpeg(folder: string): GatedFfmpeg {
  const real = findProgram(FFMPEG) ?? 'ffmpeg';
  const [path, gate, log] = ['ffmpeg.sh', 'ffmpeg.gate', 'ffmpeg.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  // Who opens a pipe that nobody has opened for writing waits; without an end, until that is closed.
  const script = `#!/bin/sh
echo "$*" >> '${log}'
[ -p '${gate}' ] && cat '${gate}' > /dev/null 2>&1
exec '${real}' "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return {
    path,
    shut: () => void execFileSync('mkfifo', [gate]),
    open() {
      const writer = openSync(gate, 'r+');
      // Nobody comes to it any more, and then nobody is kept.
      unlinkSync(gate);
      closeSync(writer);
    },
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}
