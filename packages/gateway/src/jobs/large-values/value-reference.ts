/**
 * What stands in a row, and in a `Job`, for a value that is too long for it: `@<bytes> <key>`. No JSON begins so, and
 * the size comes first, where SQL can read it.
 */
export interface ValueReference {
  /** Of its bytes in the artifact store. */
  readonly key: string;
  readonly sizeBytes: number;
}

const MARK = 64;

export const referenceText = ({ key, sizeBytes }: ValueReference): string => `@${sizeBytes} ${key}`;

export const isReference = (text: string | undefined): text is string =>
  text !== undefined && text.charCodeAt(0) === MARK;

/** Undefined for a value itself. */
export function parseReference(text: string | undefined): ValueReference | undefined {
  if (!isReference(text)) return undefined;
  const space = text.indexOf(' ');
  return { key: text.slice(space + 1), sizeBytes: Number(text.slice(1, space)) };
}
