import { closeSync } from 'node:fs';
import { createSource, MalformedError, openToRead, type Range, type Source } from './mapped-weights.ts';

/** Where in `onnx.proto` the names of a model's weight files stand: model, graph, weights or constants, entries. */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_INITIALIZER = 5;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TENSOR = 5;
const TENSOR_EXTERNAL_DATA = 13;
const ENTRY = { key: 1, value: 2 } as const;

/**
 * Files that an `.onnx` file keeps its weights in, relative to its folder; none for a file that holds them itself, or that
 * is missing or no model. Reads a few bytes around each weight.
 */
export function externalDataOf(file: string): readonly string[] {
  const fd = openToRead(file);
  if (fd === undefined) return [];
  try {
    const source = createSource(fd);
    const locations = new Set<string>();
    for (const graph of messages(source, [{ start: 0, end: source.size }], MODEL_GRAPH)) {
      const weights = messages(source, [graph], GRAPH_INITIALIZER);
      const attributes = messages(source, messages(source, [graph], GRAPH_NODE), NODE_ATTRIBUTE);
      for (const tensor of [...weights, ...messages(source, attributes, ATTRIBUTE_TENSOR)]) {
        for (const entry of messages(source, [tensor], TENSOR_EXTERNAL_DATA)) {
          const [key, value] = [textOf(source, entry, ENTRY.key), textOf(source, entry, ENTRY.value)];
          if (key === 'location' && value !== undefined) locations.add(value);
        }
      }
    }
    return [...locations].sort();
  } catch (error) {
    // What is no model is for the runtime to refuse, which it does with a sentence of its own.
    if (error instanceof MalformedError) return [];
    throw error;
  } finally {
    closeSync(fd);
  }
}

function messages(source: Source, parents: readonly Range[], number: number): Range[] {
  return parents.flatMap((parent) =>
    [...source.fields(parent)]
      .filter((field) => field.number === number && field.wire === 2)
      .map(({ body }) => body),
  );
}

function textOf(source: Source, message: Range, number: number): string | undefined {
  const [body] = messages(source, [message], number);
  return body && source.bytes(body).toString('utf8');
}
