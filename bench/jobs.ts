import type { BenchFlags, BenchResult } from './bench-result.ts';
import { chooseCores } from './jobs/cores.ts';
import { measureCycles } from './jobs/cycles.ts';
import { measureHeld } from './jobs/held.ts';
import { measureTaken } from './jobs/latency.ts';
import { createLoad } from './jobs/load.ts';
import { measureMillion } from './jobs/million.ts';
import { measureRunsync } from './jobs/runsync.ts';
import { type Bench, type Effort, orReason, type Part } from './jobs/scenario.ts';
import { createStage } from './jobs/stage.ts';
import { measureWorkers } from './jobs/workers.ts';

/**
 * The job engine through HTTP: one gateway process, the load from another core than the one it answers on, its peers
 * in the same run. `bench/README.md` says what each figure means.
 */
const SCENARIOS: Readonly<
  Record<string, { readonly ratios: readonly string[]; run(bench: Bench): Promise<Part> }>
> = {
  cycles: { ratios: ['vsNoopServer', 'vsBullmq'], run: measureCycles },
  runsync: { ratios: ['runsyncVsPythonSdk'], run: measureRunsync },
  taken: { ratios: [], run: measureTaken },
  workers: { ratios: ['workerVsPythonWorker'], run: measureWorkers },
  million: { ratios: ['takeAtMillion', 'submitAtMillion'], run: measureMillion },
  held: { ratios: [], run: measureHeld },
};

const FULL: Effort = {
  rounds: 5,
  seconds: 4,
  warmupSeconds: 4,
  slowSeconds: 20,
  manyJobs: 1_000_000,
  heldCalls: 10_000,
};

const QUICK: Effort = {
  rounds: 3,
  seconds: 1,
  warmupSeconds: 2,
  slowSeconds: 5,
  manyJobs: 100_000,
  heldCalls: 2_000,
};

export async function benchJobs({ only, isQuick }: BenchFlags): Promise<BenchResult> {
  const names = only.length > 0 ? only : Object.keys(SCENARIOS);
  for (const name of names) {
    if (SCENARIOS[name]) continue;
    throw new Error(`--only ${name}: expected one or more of ${Object.keys(SCENARIOS).join(', ')}`);
  }
  const parts: Part[] = [];
  for (const name of names) parts.push(await runOne(name, isQuick ? QUICK : FULL));
  return {
    ratios: Object.assign({}, ...parts.map(({ ratios }) => ratios)),
    figures: {
      latencyMs: Object.assign({}, ...parts.map(({ latencyMs }) => latencyMs)),
      ...Object.assign({}, ...parts.map(({ figures }) => figures)),
      notMeasured: Object.assign({}, ...parts.map(({ notMeasured }) => notMeasured)),
      isQuick,
    },
    rows: parts.flatMap(({ rows, notMeasured = {} }) => [
      ...rows,
      ...Object.entries(notMeasured).map(([ratio, reason]): [string, string] => [
        ratio,
        `not measured: ${reason}`,
      ]),
    ]),
  };
}

async function runOne(name: string, effort: Effort): Promise<Part> {
  const scenario = SCENARIOS[name];
  const stage = createStage();
  process.stderr.write(`${name} …\n`);
  try {
    const cores = chooseCores();
    const load = await orReason(async () => createLoad(stage, cores.load));
    if (typeof load === 'string' || !scenario) {
      const reason = String(load);
      return {
        notMeasured: Object.fromEntries((scenario?.ratios ?? []).map((ratio) => [ratio, reason])),
        rows: [],
      };
    }
    const part = await scenario.run({ stage, cores, load, effort });
    if (cores.notPinned === undefined) return part;
    return { ...part, rows: [...part.rows, [`${name}: not pinned`, cores.notPinned]] };
  } finally {
    await stage.close();
  }
}
