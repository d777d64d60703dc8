/** One thing that is wrong with a configuration, said so that its author can mend it without asking. */
export interface ConfigProblem {
  /** Where, as in `endpoints.detect.workers.max`; empty for the file as a whole. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
  /** What to write instead. */
  readonly fix: string;
  /** Line of the file, from 1. */
  readonly line?: number;
}

export type PathPart = string | number;

/** `['endpoints', 'mine', 'command', 0]` → `endpoints.mine.command[0]`. */
export function formatPath(path: readonly PathPart[]): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** All problems of a file as text for a terminal, in the order of its lines. */
export function formatProblems(file: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const rows = problems.map((problem) => {
    const place = problem.line === undefined ? '' : `line ${problem.line}: `;
    const path = problem.path === '' ? '' : `${problem.path}: `;
    return `  ${place}${path}${problem.message}\n    fix: ${problem.fix}`;
  });
  return [`${file} has ${count}:`, ...rows].join('\n');
}

/** A single value as it stands in the file; empty for a list, a block of keys or nothing. */
export function textOf(value: unknown): string {
  return typeof value === 'object' || value === undefined ? '' : String(value);
}

/** A value as it is quoted in a message: short, one line. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a block of keys';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
