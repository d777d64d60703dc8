import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * Loads a single-file model as fast as one with external data: reads an `.onnx` file without its weights and describes
 * them as external data that lies *in the same file*, at the places where they already are. ONNX Runtime then maps the
 * file instead of reading and parsing it, and nothing is copied or written. What is read here is a few bytes around each
 * weight (ONNX's protobuf: onnx.proto of onnx 1.19, field numbers below).
 */
export interface MappedModel {
  /** A model without the weights, to be loaded from memory. */
  readonly bytes: Uint8Array;
  /** Folder that its weights are named relative to. */
  readonly folder: string;
}

/** Weights below this stay in the model: the runtime folds small constants while it loads, larger ones it only uses. */
const SMALLEST_MAPPED_BYTES = 64 * 1024;

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR = { rawData: 9, externalData: 13, dataLocation: 14 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const EXTERNAL = 1;

/** @returns undefined when there is nothing to gain: no large weights inside, or not a file that reads as a model. */
export function mapWeights(file: string): MappedModel | undefined {
  const fd = openToRead(file);
  if (fd === undefined) return undefined;
  try {
    const source = createSource(fd);
    // The runtime follows links and refuses what they lead to, out of the model's folder: caches of hubs are such links.
    const real = realpathSync(file);
    const location = path.basename(real);
    const model = rewrite(source, { start: 0, end: source.size }, MODEL_GRAPH, (graph) =>
      rewrite(source, graph, GRAPH_INITIALIZER, (tensor) => mapTensor(source, tensor, location)),
    );
    return model === undefined ? undefined : { bytes: Buffer.concat(model), folder: path.dirname(real) };
  } catch (error) {
    // Missing and damaged files are for the runtime to refuse, which it does with a sentence of its own.
    if (error instanceof MalformedError) return undefined;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** For readers of ONNX's protobuf (`external-data.ts` too). */
export function openToRead(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch {
    return undefined;
  }
}

export class MalformedError extends Error {}

export interface Range {
  readonly start: number;
  readonly end: number;
}

interface Field extends Range {
  readonly number: number;
  /** Protobuf's wire type; 2 has a length. */
  readonly wire: number;
  /** What follows the tag, and the length where there is one. */
  readonly body: Range;
}

export interface Source {
  readonly size: number;
  bytes(range: Range): Buffer;
  fields(range: Range): Generator<Field>;
}

/** A message with those of its fields `number` replaced that `change` answers for; undefined when it changed none. */
function rewrite(
  source: Source,
  message: Range,
  number: number,
  change: (body: Range) => Buffer[] | undefined,
): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  let copiedTo = message.start;
  for (const field of source.fields(message)) {
    const changed = field.number === number && field.wire === 2 ? change(field.body) : undefined;
    if (changed !== undefined) {
      pieces.push(source.bytes({ start: copiedTo, end: field.start }), ...lengthDelimited(number, changed));
      copiedTo = field.end;
    }
  }
  if (pieces.length === 0) return undefined;
  pieces.push(source.bytes({ start: copiedTo, end: message.end }));
  return pieces;
}

function mapTensor(source: Source, tensor: Range, location: string): Buffer[] | undefined {
  const pieces: Buffer[] = [];
  let weights: Range | undefined;
  for (const field of source.fields(tensor)) {
    if (field.number === TENSOR.dataLocation || field.number === TENSOR.externalData) return undefined;
    if (field.number === TENSOR.rawData) weights = field.body;
    else pieces.push(source.bytes(field));
  }
  if (weights === undefined || weights.end - weights.start < SMALLEST_MAPPED_BYTES) return undefined;
  const entries = { location, offset: String(weights.start), length: String(weights.end - weights.start) };
  for (const [key, value] of Object.entries(entries)) {
    const entry = [
      ...lengthDelimited(ENTRY.key, [Buffer.from(key)]),
      ...lengthDelimited(ENTRY.value, [Buffer.from(value)]),
    ];
    pieces.push(...lengthDelimited(TENSOR.externalData, entry));
  }
  pieces.push(varint(TENSOR.dataLocation << 3), varint(EXTERNAL));
  return pieces;
}

function lengthDelimited(number: number, body: readonly Buffer[]): Buffer[] {
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  return [varint((number << 3) | 2), varint(length), ...body];
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Large enough for what surrounds a weight, small enough that hundreds of weights cost nothing to jump over. */
const WINDOW_BYTES = 4096;

export function createSource(fd: number): Source {
  const { size } = fstatSync(fd);
  const window = Buffer.alloc(WINDOW_BYTES);
  let windowStart = 0;
  let windowEnd = 0;

  function byteAt(at: number): number {
    if (at >= size) throw new MalformedError();
    if (at < windowStart || at >= windowEnd) {
      windowStart = at;
      windowEnd = at + readSync(fd, window, 0, WINDOW_BYTES, at);
    }
    return window[at - windowStart] ?? 0;
  }

  /** Values beyond 2^53 lose their low bits; only tags and lengths are read by value, which are smaller. */
  function readVarint(from: number): { value: number; end: number } {
    let value = 0;
    let factor = 1;
    for (let end = from; end < from + 10; factor *= 128) {
      const byte = byteAt(end++);
      value += (byte & 127) * factor;
      if (byte < 128) return { value, end };
    }
    throw new MalformedError();
  }

  function readField(start: number, limit: number): Field {
    const tag = readVarint(start);
    const wire = tag.value % 8;
    let body = { start: tag.end, end: tag.end };
    if (wire === 0) body.end = readVarint(tag.end).end;
    else if (wire === 1) body.end = tag.end + 8;
    else if (wire === 5) body.end = tag.end + 4;
    else if (wire === 2) {
      const length = readVarint(tag.end);
      body = { start: length.end, end: length.end + length.value };
    } else throw new MalformedError();
    if (body.end > limit) throw new MalformedError();
    return { number: Math.floor(tag.value / 8), wire, start, end: body.end, body };
  }

  return {
    size,
    bytes({ start, end }) {
      const bytes = Buffer.alloc(end - start);
      readSync(fd, bytes, 0, bytes.length, start);
      return bytes;
    },
    *fields({ start, end }) {
      for (let at = start; at < end; ) {
        const field = readField(at, end);
        yield field;
        at = field.end;
      }
    },
  };
}
