import { knownAt, piecesOf } from './columns.ts';
import type { ColumnResult } from './result.ts';

/** The very text that `JSON.stringify` makes of the result as callers get it, in pieces. */
export function* writeJson({ samples, ...plain }: ColumnResult): Generator<string> {
  yield `${JSON.stringify(plain).slice(0, -1)},"samples":{`;
  for (const [index, [name, column]] of Object.entries(samples).entries()) {
    yield `${index > 0 ? ',' : ''}${JSON.stringify(name)}:[`;
    for (const [from, to] of piecesOf(column)) {
      const values = Array.from({ length: to - from }, (_, at) => knownAt(column, from + at) ?? null);
      yield `${from > 0 ? ',' : ''}${JSON.stringify(values).slice(1, -1)}`;
    }
    yield ']';
  }
  yield '}}';
}
