import type { z } from 'zod';
import { listProblems, problemSentence } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A worker's variables by their schema. An empty variable is how shells and YAML files leave one unset.
 * @param subject whose environment it is, as sentences name it.
 * @throws what `fail` makes of the sentence that names every variable that is wrong, what was expected and what it says.
 */
export function parseEnvironment<T>(
  schema: z.ZodType<T>,
  env: Environment,
  subject: string,
  fail: (sentence: string) => Error,
): T {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = listProblems(parsed.error).map((problem) => {
    const name = problem.split(':')[0] ?? '';
    return `${problem}, got "${given[name] ?? ''}"`;
  });
  throw fail(problemSentence(subject, problems));
}
