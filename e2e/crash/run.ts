// npm run test:crash -- --rounds 200 [--seed 7]
import { parseArgs } from 'node:util';
import { crashTable, isClean } from './crash-table.ts';
import { runCrashTest } from './crash-test.ts';

/** Of each kind of broken promise. */
const LINES_SHOWN = 20;

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } });
const rounds = Number(values.rounds ?? 50);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed)) {
  console.error('--rounds: expected a whole number of at least 1; --seed: expected a whole number');
  process.exit(2);
}
console.log(`${rounds} rounds of kill -9, seed ${seed}`);
const report = await runCrashTest({ rounds, seed, onRound: (line) => console.log(line) });
console.log(crashTable(report));
for (const broken of [report.lost, report.contradicted, report.stuck, report.untold]) {
  for (const line of broken.slice(0, LINES_SHOWN)) console.log(line);
}
process.exitCode = isClean(report) ? 0 : 1;
