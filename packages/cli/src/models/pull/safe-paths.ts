import { CliError } from '../../cli-error.ts';
import type { RemoteFile } from './remote.ts';

/** A listing is somebody else's word: no name in it may lead out of the model's folder, or to one of our own files there. */
export function isSafePath(file: string): boolean {
  const parts = file.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const isPlain = !/[\u0000-\u001f\\:]/.test(file) && file.length < 1024;
  return isPlain && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** @throws CliError naming the first that is not. */
export function assertSafePaths(files: readonly RemoteFile[], owner: string): void {
  const wrong = files.find(({ path: file }) => !isSafePath(file));
  if (wrong)
    throw new CliError(
      'BAD_ANSWER',
      `${owner} lists a file ${JSON.stringify(wrong.path)}, which is no path inside a folder.`,
    );
}
