import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Environment } from '../../environment.ts';
import { VideoError } from '../video-error.ts';

/** Whole paths of the two programs. */
export interface Ffmpeg {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

const ADVICE =
  'Install ffmpeg (Debian and Ubuntu: apt-get install ffmpeg; macOS: brew install ffmpeg), or name its programs in FFMPEG_PATH and FFPROBE_PATH.';

/**
 * ffmpeg and ffprobe: where `FFMPEG_PATH` and `FFPROBE_PATH` say, else on PATH; ffprobe also beside ffmpeg.
 * @throws VideoError `FFMPEG_MISSING`, which says what is not there and how to get it.
 */
export async function findFfmpeg(env: Environment = process.env): Promise<Ffmpeg> {
  const ffmpeg = await findProgram('ffmpeg', 'FFMPEG_PATH', env, []);
  const ffprobe = await findProgram('ffprobe', 'FFPROBE_PATH', env, [path.dirname(ffmpeg)]);
  return { ffmpeg, ffprobe };
}

async function findProgram(
  name: string,
  variable: string,
  env: Environment,
  folders: readonly string[],
): Promise<string> {
  const named = env[variable]?.trim();
  if (named) {
    if (await isProgram(named)) return path.resolve(named);
    throw new VideoError('FFMPEG_MISSING', `${variable} is ${named}, where no program lies. ${ADVICE}`);
  }
  const onPath = (env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, ...onPath]) {
    const file = path.join(folder, name);
    if (await isProgram(file)) return file;
  }
  throw new VideoError('FFMPEG_MISSING', `Videos need ${name}, which is not on this machine. ${ADVICE}`);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
