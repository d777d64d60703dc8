import type { FileHandle } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/** Bytes of a file that is uploaded. Throws FILE_CHANGED where it has become shorter: what is not there is never sent as zeros. */
export async function readSlice(handle: FileHandle, file: string, start: number, end: number) {
  const bytes = new Uint8Array(end - start);
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
    if (bytesRead === 0) throw fileChanged(file);
    done += bytesRead;
  }
  return bytes;
}

export function fileChanged(file: string): CliError {
  return new CliError(
    'FILE_CHANGED',
    `${file} was changed while it was sent, so it was not completed; put it again`,
  );
}
