import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { wrongUse } from '../cli-error.ts';

/** RunPod Hub's `.runpod/tests.json`: inputs that a worker must take, each with a time that it may run. */
export interface WorkerTest {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
}

export const TESTS_FILE = path.join('.runpod', 'tests.json');
/** RunPod's SDK runs it locally; where there is nothing else, it is one test. */
const INPUT_FILE = 'test_input.json';

/** The tests of a folder, with the file they are from; undefined where it has none. @throws CliError */
export function findTests(folder: string): { file: string; tests: WorkerTest[] } | undefined {
  const file = path.join(folder, TESTS_FILE);
  if (existsSync(file)) return { file, tests: readTests(file) };
  const inputFile = path.join(folder, INPUT_FILE);
  if (!existsSync(inputFile)) return undefined;
  const { input } = objectOf(parse(readFileSync(inputFile, 'utf8'), inputFile), inputFile);
  return {
    file: inputFile,
    tests: [{ name: INPUT_FILE, input: objectOf(input, `${inputFile}: input`) }],
  };
}

/** @throws CliError when it can't be read, or naming what is wrong in it. */
export function readTests(file: string): WorkerTest[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw wrongUse(`${file}: ${code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`}`);
  }
  return parseTests(text, file);
}

export function parseTests(text: string, file: string): WorkerTest[] {
  const { tests } = objectOf(parse(text, file), file);
  if (!Array.isArray(tests) || tests.length === 0)
    throw wrongUse(`${file}: tests: expected a list such as [{"name": "…", "input": {…}, "timeout": 10000}]`);
  return tests.map((test: unknown, at) => {
    const place = `${file}: tests[${at}]`;
    const { name, input, timeout } = objectOf(test, place);
    if (typeof name !== 'string' || name.trim() === '') throw wrongUse(`${place}.name: expected text`);
    if (timeout !== undefined && timeout !== null && !(typeof timeout === 'number' && timeout > 0))
      throw wrongUse(`${place}.timeout: expected milliseconds, found ${JSON.stringify(timeout)}`);
    return {
      name,
      input: objectOf(input, `${place}.input`),
      ...(typeof timeout === 'number' ? { timeoutMs: timeout } : {}),
    };
  });
}

/** Files of this kind are written by hand, and RunPod's own have commas at the end of lists and objects. */
function parse(text: string, file: string): unknown {
  const bare = text.replaceAll(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_all, string?: string) => string ?? '');
  try {
    return JSON.parse(bare);
  } catch (error) {
    throw wrongUse(`${file}: not valid JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

function objectOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  const found = value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : JSON.stringify(value);
  throw wrongUse(`${place}: expected an object, found ${found}`);
}
