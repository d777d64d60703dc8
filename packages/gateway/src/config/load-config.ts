import { readFile } from 'node:fs/promises';
import { type ConfigContext, type ConfigResult, parseConfig } from './parse-config.ts';

/** Reads and parses a `spillway.yaml`; a file that can't be read is a problem like any other. */
export async function loadConfig(file: string, context: ConfigContext): Promise<ConfigResult> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const found = READ_ERRORS[code ?? ''] ?? `it can't be read (${code ?? String(error)})`;
    const fix = 'write the file, name another with `--config`, or start without one for the defaults';
    return { ok: false, problems: [{ path: '', message: `expected a file, found that ${found}`, fix }] };
  }
  return parseConfig(text, { ...context, path: file });
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};
