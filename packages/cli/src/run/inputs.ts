import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { wrongUse } from '../cli-error.ts';
import { bytesText } from '../text.ts';

/**
 * What `spillway run` was given, as bodies of submits. All arguments are looked at before the first job is sent; the
 * bytes of pictures are read only when their turn comes.
 */
export interface JobInput {
  /** How it is called in tables and messages: the file's name, or `input` for JSON of the command line. */
  readonly label: string;
  /** The picture it was made from; absent for JSON. */
  readonly imageFile?: string;
  /** A video: uploaded, and processed by more than one job. */
  readonly videoFile?: string;
  /** @throws CliError when the file cannot be read or is too large. */
  load(): Promise<SubmitParts>;
}

export interface SubmitParts {
  readonly input: Record<string, unknown>;
  /** Further keys of a whole submit body: `policy`, `webhook`. */
  readonly rest: Record<string, unknown>;
}

export interface InputOptions {
  /** Added to every input; wins over what it says itself. */
  readonly extra: Record<string, unknown>;
  readonly stdin: NodeJS.ReadableStream;
  /** Bytes that a body may have. */
  readonly bodyLimitBytes: number;
}

const VIDEO_NAME = /\.(mp4|avi|mov|mkv|webm)$/i;
const IMAGE_NAME = /\.(jpe?g|png|webp)$/i;
/** Keys of a whole submit body, as in RunPod's test_input.json. */
const BODY_KEYS = new Set(['id', 'input', 'webhook', 'policy', 's3Config']);

/** @throws CliError (wrong use) naming the argument that is none, and what was expected. */
export async function resolveInputs(args: readonly string[], options: InputOptions): Promise<JobInput[]> {
  const inputs: JobInput[] = [];
  for (const argument of args) {
    if (argument === '-') inputs.push(await fromStdin(options));
    else if (argument.trimStart().startsWith('{')) inputs.push(fromJson('input', argument, options));
    else inputs.push(await fromFile(argument, options));
  }
  return inputs;
}

/** `{"a":1}` as an object. */
export function parseJsonObject(label: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongUse(`${label}: not valid JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongUse(`${label}: expected a JSON object, such as {"prompt":"…"}`);
  }
  return value as Record<string, unknown>;
}

async function fromFile(argument: string, options: InputOptions): Promise<JobInput> {
  const file = path.resolve(argument);
  const info = await stat(file).catch(() => undefined);
  if (info === undefined) {
    throw wrongUse(
      `${argument}: no such file; expected a picture, a video, a .json file, JSON in quotes, or - for stdin`,
    );
  }
  if (info.isDirectory())
    throw wrongUse(`${argument}: is a folder; name the files in it, as in ${argument}/*.jpg`);
  const label = path.basename(file);
  if (IMAGE_NAME.test(file)) {
    return { label, imageFile: file, load: async () => imageParts(label, await readFile(file), options) };
  }
  if (VIDEO_NAME.test(file)) {
    return { label, videoFile: file, load: async () => ({ input: options.extra, rest: {} }) };
  }
  if (/\.json$/i.test(file)) return fromJson(label, await readFile(file, 'utf8'), options);
  throw wrongUse(
    `${argument}: expected a picture (.jpg, .jpeg, .png, .webp), a video (.mp4, .avi, .mov, .mkv, .webm) or a .json file`,
  );
}

async function fromStdin(options: InputOptions): Promise<JobInput> {
  const bytes = await buffer(options.stdin);
  if (bytes.length === 0) throw wrongUse('-: expected JSON or a picture on stdin, found nothing');
  const label = 'stdin';
  if (bytes.toString('latin1').trimStart().startsWith('{'))
    return fromJson(label, bytes.toString('utf8'), options);
  return { label, load: async () => imageParts(label, bytes, options) };
}

function fromJson(label: string, text: string, options: InputOptions): JobInput {
  const parts = submitParts(parseJsonObject(label, text), options.extra);
  return {
    label,
    load: async () => checkSize(parts, options.bodyLimitBytes),
  };
}

/** An object is the input itself, unless it is a whole submit body with `input` in it. */
function submitParts(object: Record<string, unknown>, extra: Record<string, unknown>): SubmitParts {
  const { input, id: _, ...rest } = object;
  const isBody =
    typeof input === 'object' && input !== null && Object.keys(object).every((key) => BODY_KEYS.has(key));
  return isBody ? { input: { ...input, ...extra }, rest } : { input: { ...object, ...extra }, rest: {} };
}

function imageParts(label: string, bytes: Buffer, { extra, bodyLimitBytes }: InputOptions): SubmitParts {
  const input = { image: bytes.toString('base64'), frame_id: label, ...extra };
  return checkSize({ input, rest: {} }, bodyLimitBytes);
}

/** Said here, because a server that refuses a body while it is being sent often can't be heard. */
function checkSize(parts: SubmitParts, limitBytes: number): SubmitParts {
  const bytes = Buffer.byteLength(JSON.stringify({ ...parts.rest, input: parts.input }));
  if (bytes <= limitBytes) return parts;
  const largest = bytesText(Math.floor((limitBytes - 1024) * 0.75));
  throw wrongUse(
    `it makes a job of ${bytesText(bytes)}, and a job may have ${bytesText(limitBytes)}; send a picture of at most ${largest}`,
  );
}
