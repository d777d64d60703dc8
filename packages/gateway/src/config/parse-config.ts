import path from 'node:path';
import { findLoadBalancingProblems } from './check-load-balancing.ts';
import { explainIssues } from './explain-issues.ts';
import {
  type BuiltInWorkers,
  type GatewayConfig,
  toGatewayConfig,
  unknownWorkers,
} from './gateway-config.ts';
import type { ConfigProblem, PathPart } from './problem.ts';
import { configSchema } from './schema.ts';
import { readYaml } from './yaml-source.ts';

export interface ConfigContext {
  /** Where `${NAME}` is read from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly builtInWorkers: BuiltInWorkers;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads the text of a `spillway.yaml`. `path` is the file's path: relative paths in it count from its folder.
 * Never throws for what the text says: all its problems are returned at once, in the order of its lines.
 */
export function parseConfig(
  yamlText: string,
  context: ConfigContext & { readonly path: string },
): ConfigResult {
  const source = readYaml(yamlText, context.env);
  if (!source.isReadable) return { ok: false, problems: inOrder(source.problems) };
  // An empty file is one that takes every default.
  const value = source.value ?? {};
  const parsed = configSchema.safeParse(value);
  const lineOf = (parts: readonly PathPart[]) => source.lineOf(parts);
  const problems = [...source.problems];
  if (!parsed.success) {
    // A text that couldn't be filled in is not judged a second time.
    const known = new Set(source.problems.map((problem) => problem.path));
    const explained = explainIssues(configSchema, value, parsed.error.issues, lineOf);
    problems.push(...explained.filter((problem) => !known.has(problem.path)));
  }
  problems.push(
    ...[...unknownWorkers(value, context.builtInWorkers), ...findLoadBalancingProblems(value)].map(
      (problem) => {
        const line = lineOf(problem.path.split('.'));
        return line === undefined ? problem : { ...problem, line };
      },
    ),
  );
  if (!parsed.success || problems.length > 0) return { ok: false, problems: inOrder(problems) };
  const file = path.resolve(context.path);
  const origin = { file, folder: path.dirname(file), builtInWorkers: context.builtInWorkers };
  return { ok: true, config: toGatewayConfig(parsed.data, origin) };
}

/**
 * The configuration of a gateway without a file: loopback, `.spillway` in `folder`, and every built-in worker as an
 * endpoint of its own name.
 */
export function defaultConfig(folder: string, builtInWorkers: BuiltInWorkers): GatewayConfig {
  const names = Object.keys(builtInWorkers);
  const parsed = configSchema.parse({
    endpoints: Object.fromEntries(names.map((name) => [name, { worker: name }])),
  });
  return toGatewayConfig(parsed, { folder: path.resolve(folder), builtInWorkers });
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
