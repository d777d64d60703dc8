import { Transform } from 'node:stream';

/** Passes bytes on until there are more than allowed; then it fails with `createError()`. */
export function createByteLimit(limitBytes: number, createError: () => Error): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limitBytes) done(createError());
      else done(null, chunk);
    },
  });
}
