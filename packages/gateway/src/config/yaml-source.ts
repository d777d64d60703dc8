// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's own syntax
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { type ConfigProblem, formatPath, type PathPart } from './problem.ts';

/**
 * The YAML side of the configuration: text to plain data, `${NAME}` filled in, and for every path the line it stands
 * on. What the data must look like is not known here.
 */
export interface YamlSource {
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** False when the text can't be read as YAML: `value` is then nothing to judge by. */
  readonly isReadable: boolean;
  /** Line (from 1) of a path, or of its nearest parent in the file. */
  lineOf(path: readonly PathPart[]): number | undefined;
}

type Document = ReturnType<typeof parseDocument>;

export function readYaml(text: string, env: Readonly<Record<string, string | undefined>>): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const lineOf = (path: readonly PathPart[]): number | undefined => {
    const offset = offsetOf(document, path);
    return offset === undefined ? undefined : lineAt(offset);
  };
  const problems = syntaxProblems(document, text.split('\n'), lineAt);
  let isReadable = document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  let value: unknown;
  if (isReadable) {
    keepEnvSpelling(document);
    problems.push(...fillIn(document, env, lineAt));
    try {
      value = document.toJS();
    } catch (error) {
      isReadable = false;
      const message = error instanceof Error ? error.message : String(error);
      problems.push({ path: '', message, fix: 'define the anchor (`&name`) above the alias (`*name`)' });
    }
  }
  return { value, problems, isReadable, lineOf };
}

function syntaxProblems(
  document: Document,
  textLines: readonly string[],
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const byLine = new Map<number, ConfigProblem>();
  for (const error of document.errors) {
    const line = lineAt(error.pos[0]);
    // One slip makes several errors on its line; the first names it.
    if (byLine.has(line)) continue;
    const source = textLines[line - 1] ?? '';
    byLine.set(line, {
      path: '',
      line,
      message: `expected YAML, found an error: ${error.message}`,
      fix: syntaxFix(error.code, source),
    });
    // What follows a misplaced token is read wrongly: its errors would mislead.
    if (error.code === 'UNEXPECTED_TOKEN') break;
  }
  return [...byLine.values()];
}

function syntaxFix(code: string, source: string): string {
  if (code === 'DUPLICATE_KEY') return 'keep one of the two and remove the other';
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (/\$\{/.test(source)) return 'inside { … } put it in quotes: "${NAME}"';
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return 'put a value that holds `: ` in quotes';
  return 'check indentation, quotes and brackets on this line and the one above';
}

/** `VERSION: 1.10` must reach the worker as `1.10`, not as the number 1.1: env values keep their spelling. */
function keepEnvSpelling(document: Document): void {
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || pair.key.value !== 'env' || !isMap(pair.value)) return;
      for (const item of pair.value.items) {
        if (!isScalar(item.value) || item.value.source === undefined) continue;
        if (['number', 'boolean', 'bigint'].includes(typeof item.value.value))
          item.value.value = item.value.source;
      }
    },
  });
}

/** Replaces `${NAME}` in every text value; `$${` stands for a literal `${`. */
function fillIn(
  document: Document,
  env: Readonly<Record<string, string | undefined>>,
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      node.value = node.value.replaceAll(
        /\$\$\{|\$\{([^}]*)\}?/g,
        (whole: string, name: string | undefined) => {
          if (name === undefined) return '${';
          const value = isVariable(whole, name) && Object.hasOwn(env, name) ? env[name] : undefined;
          if (value !== undefined) return value;
          problems.push({
            path: formatPath(pathOf([...ancestors], key)),
            line: lineAt(node.range?.[0] ?? 0),
            ...substitutionProblem(whole, name),
          });
          return whole;
        },
      );
    },
  });
  return problems;
}

function isVariable(whole: string, name: string): boolean {
  return whole.endsWith('}') && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

function substitutionProblem(whole: string, name: string): { message: string; fix: string } {
  if (isVariable(whole, name)) {
    return {
      message: `expected the environment variable ${name}, found that it is not set`,
      fix: `set it before the start: export ${name}=… (or write $\${ for a literal \${)`,
    };
  }
  return {
    message: `expected \${NAME} with the name of an environment variable, found ${JSON.stringify(whole)}`,
    fix: 'write $${ for a literal ${',
  };
}

function pathOf(ancestors: readonly unknown[], key: number | string | null): PathPart[] {
  const path: PathPart[] = [];
  ancestors.forEach((ancestor, index) => {
    if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value));
    if (!isSeq(ancestor)) return;
    const child = ancestors[index + 1];
    path.push(child === undefined ? Number(key) : ancestor.items.indexOf(child));
  });
  return path;
}

/** Offset of the key (or list item) that `path` names, or of the last part that the file has. */
function offsetOf(document: Document, path: readonly PathPart[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = pairOf(node, part);
      if (!pair) break;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = (isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined) ?? offset;
    } else break;
  }
  return offset;
}

function pairOf(map: YAMLMap, key: PathPart) {
  return map.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
}
