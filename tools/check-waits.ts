import { globSync, readFileSync } from 'node:fs';

/**
 * Refuses unit tests that wait for real time: a literal wait of 100 ms or more, or the promised timers of Node. Unit
 * tests drive a clock by hand.
 */
const LONGEST_MS = 100;
const problems: string[] = [];

for (const file of globSync(['packages/*/{src,app}/**/*.test.ts', 'tools/**/*.test.ts'])) {
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    const wait = /setTimeout\(.*,\s*([\d_]+)\s*\)/.exec(line)?.[1];
    const isLong = wait !== undefined && Number(wait.replaceAll('_', '')) >= LONGEST_MS;
    if (isLong || line.includes("'node:timers/promises'"))
      problems.push(`${file}:${index + 1}: ${line.trim()}`);
  }
}

if (problems.length > 0) {
  console.error(`Unit tests must not wait for real time:\n${problems.join('\n')}`);
  process.exit(1);
}
