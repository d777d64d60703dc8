import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { type FormLimits, PodError, type PodForm } from './pod-route.ts';
import { type BodyLimits, receiveBody } from './read-body.ts';

/**
 * A form with one file (RFC 7578), read as it arrives: what is over a limit is refused when it gets there, before it
 * fills the memory. The file's name and type are not looked at; what it is, its first bytes tell.
 */
const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 10_000;
const HEADER_LIMITS = { headerPairs: 20, headerSize: 8_192, fieldNameSize: 100 };
/** Boundaries and headers of the parts. */
const OVERHEAD_BYTES = 64_000 + MAX_FIELDS * MAX_FIELD_BYTES;

const maxFormBytes = ({ maxFileBytes }: FormLimits): number => maxFileBytes + OVERHEAD_BYTES;

/** @throws PodError */
export async function readForm(
  request: IncomingMessage,
  limits: FormLimits,
  idleMs: BodyLimits['idleMs'],
): Promise<PodForm> {
  const parser = createParser(request, limits.maxFileBytes);
  const fields = new Map<string, string>();
  const chunks: Buffer[] = [];
  let isThere = false;
  let problem: PodError | undefined;
  parser.on('file', (name, stream) => {
    isThere ||= name === limits.file;
    if (name !== limits.file)
      problem ??= invalid(`${name}: no such file is expected; send it as ${limits.file}.`);
    stream.on('limit', () => {
      problem ??= tooLarge(limits);
    });
    // Its own error; without a listener it would end the process.
    stream.on('error', () => {
      problem ??= invalid(DAMAGED);
    });
    stream.on('data', (chunk: Buffer) => {
      if (!problem) chunks.push(chunk);
    });
  });
  parser.on('field', (name, value, isNameCut, isCut) => {
    if (isNameCut || isCut) problem ??= invalid(`${name}: expected at most ${MAX_FIELD_BYTES} bytes.`);
    fields.set(name, value);
  });
  parser.on('filesLimit', () => {
    problem ??= invalid(`${limits.file}: expected one file, got several.`);
  });
  const tooMany = () => {
    problem ??= invalid(`The form has more than ${MAX_FIELDS} fields.`);
  };
  parser.on('fieldsLimit', tooMany).on('partsLimit', tooMany);
  const parsed = new Promise<void>((resolve, reject) => {
    parser.on('finish', resolve).on('error', () => reject(invalid(DAMAGED)));
  });
  // Looked at below, where the body has come.
  parsed.catch(() => undefined);
  await receiveBody(request, { maxBytes: maxFormBytes(limits), idleMs }, (chunk) => {
    parser.write(chunk);
    if (problem) throw problem;
  });
  parser.end();
  await parsed;
  if (problem) throw problem;
  if (!isThere) throw invalid(`${limits.file}: expected a file of this name in the form.`);
  return { file: Buffer.concat(chunks), fields };
}

function createParser({ headers }: IncomingMessage, maxFileBytes: number): BusboyInstance {
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type))
    throw new PodError(415, 'UNSUPPORTED_MEDIA_TYPE', 'The body is no form; expected multipart/form-data.');
  try {
    const limits = {
      ...HEADER_LIMITS,
      ...{ fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, files: 1, fileSize: maxFileBytes },
      parts: MAX_FIELDS + 1,
    };
    // A file need not have a name, but then it is told by its part's type.
    return new Busboy({ headers: { ...headers, 'content-type': type }, limits });
  } catch {
    throw invalid('The form names no boundary of its parts.');
  }
}

const DAMAGED = 'The form is cut off or damaged.';

const invalid = (sentence: string) => new PodError(400, 'INPUT_INVALID', sentence);

function tooLarge({ file, maxFileBytes }: FormLimits): PodError {
  const sentence = `${file}: larger than ${Math.floor(maxFileBytes / 1_000_000)} MB.`;
  return new PodError(413, 'PAYLOAD_TOO_LARGE', sentence);
}
