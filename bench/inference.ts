import type { BenchFlags, BenchResult } from './bench-result.ts';
import { benchDetect } from './detect.ts';
import { FULL, type InferenceEffort, QUICK } from './inference/effort.ts';
import { type InferenceSite, prepareSite } from './inference/site.ts';
import { measureStarts } from './inference/starts.ts';
import { measureThroughput } from './inference/throughput.ts';
import { orReason, type Part } from './jobs/scenario.ts';
import { createStage, type Stage } from './jobs/stage.ts';

/**
 * The built-in workers against what they replace: CLIP ViT-B/32 in a Python process with torch and open_clip, with the
 * same weights and pictures, and the raw sessions of their own models. `bench/README.md` says what each figure means.
 */
interface ScenarioContext {
  readonly stage: Stage;
  readonly site: InferenceSite;
  readonly effort: InferenceEffort;
}

interface Scenario {
  readonly ratios: readonly string[];
  run(context: ScenarioContext): Promise<Part>;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  start: { ratios: ['coldStartVsTorch'], run: measureStarts },
  throughput: { ratios: ['throughputVsRaw', 'vsOpenClip', 'quantisedVsOpenClip'], run: measureThroughput },
};

export async function benchInference({ only, isQuick }: BenchFlags): Promise<BenchResult> {
  const known = [...Object.keys(SCENARIOS), 'detect'];
  const names = only.length > 0 ? only : known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`--only ${unknown}: expected one or more of ${known.join(', ')}`);
  const effort = isQuick ? QUICK : FULL;
  const parts: Part[] = [];
  const scenarios = names.filter((name) => name !== 'detect');
  if (scenarios.length > 0) parts.push(...(await runScenarios(scenarios, effort)));
  if (names.includes('detect')) parts.push(await detectPart());
  const join = <Key extends 'ratios' | 'figures' | 'notMeasured'>(key: Key) =>
    Object.assign({}, ...parts.map((part) => part[key]));
  return {
    ratios: join('ratios'),
    figures: { ...join('figures'), notMeasured: join('notMeasured'), isQuick },
    rows: parts.flatMap(({ rows, notMeasured = {} }) => [
      ...rows,
      ...Object.entries(notMeasured).map(([ratio, reason]): [string, string] => [
        ratio,
        `not measured: ${reason}`,
      ]),
    ]),
  };
}

async function runScenarios(names: readonly string[], effort: InferenceEffort): Promise<Part[]> {
  const stage = createStage();
  try {
    const site = await orReason(() => prepareSite(stage));
    const parts: Part[] = [];
    for (const name of names) {
      const scenario = SCENARIOS[name];
      if (!scenario) continue;
      process.stderr.write(`${name} …\n`);
      if (typeof site === 'string') parts.push(notMeasured(scenario, site));
      else parts.push(await scenario.run({ stage, site, effort }));
    }
    return parts;
  } finally {
    await stage.close();
  }
}

function notMeasured({ ratios }: Scenario, reason: string): Part {
  return { notMeasured: Object.fromEntries(ratios.map((ratio) => [ratio, reason])), rows: [] };
}

async function detectPart(): Promise<Part> {
  process.stderr.write('detect …\n');
  const { ratios, figures, rows } = await benchDetect();
  const named = Object.entries(ratios).map(([name, value]) => [`detect${capital(name)}`, value]);
  return {
    ratios: Object.fromEntries(named),
    figures: { detect: figures },
    rows: rows.map(([label, value]) => [`detect: ${label}`, value] as const),
  };
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
