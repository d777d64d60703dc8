import { parseConfig } from './parse-config.ts';
import { formatProblems } from './problem.ts';

/** Reads an endpoint `mine` of these lines, as in a file of the folder `/site` with these variables around it. */
export function createTestConfig(env: Readonly<Record<string, string>> = {}) {
  const builtInWorkers = { detect: { command: ['node', 'detect.ts'] } };
  const context = { path: '/site/spillway.yaml', env, builtInWorkers };
  const fileOf = (...lines: string[]) =>
    ['endpoints:', '  mine:', ...lines.map((line) => `    ${line}`)].join('\n');
  const parse = (...lines: string[]) => parseConfig(fileOf(...lines), context);
  return {
    context,
    fileOf,
    /** The endpoint. Throws with all problems where there are any. */
    endpointOf(...lines: string[]) {
      const result = parse(...lines);
      if (!result.ok) throw new Error(formatProblems('spillway.yaml', result.problems));
      return result.config.endpoints[0];
    },
    problemsOf(...lines: string[]) {
      const result = parse(...lines);
      return result.ok ? [] : result.problems;
    },
  };
}
