import { median } from '../figures.ts';
import type { Latency, Load, LoadReport } from './load.ts';
import { NotAvailable } from './peers.ts';
import type { Site } from './servers.ts';

/** How long everything is measured. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Seconds for the official Python worker, which ends 10 to 32 jobs in each. */
  readonly slowSeconds: number;
  readonly manyJobs: number;
  readonly heldCalls: number;
}

export interface Bench extends Site {
  readonly load: Load;
  readonly effort: Effort;
}

/** One part of the bench: what it adds to the answer. */
export interface Part {
  readonly ratios?: Readonly<Record<string, number>>;
  readonly latencyMs?: Readonly<Record<string, Latency>>;
  readonly figures?: Readonly<Record<string, unknown>>;
  /** Ratios that could not be measured, with the reason. */
  readonly notMeasured?: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly [string, string])[];
}

/** Load against one server, repeated by `measureInTurns`. */
export type Side = (seconds: number, warmupSeconds: number) => Promise<LoadReport>;

/** Compilers and caches; what is compiled anew once the first clients have hung up belongs to it, too. */
const WARM_UP_TURNS = 2;

/** Each side once in every round, so that whatever else the machine does meets all of them alike. */
export async function measureInTurns(
  sides: readonly Side[],
  { rounds, seconds, warmupSeconds }: Effort,
): Promise<Map<Side, readonly LoadReport[]>> {
  const reports = new Map(sides.map((side) => [side, [] as LoadReport[]]));
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) for (const side of sides) await side(warmupSeconds, 0);
  for (let round = 0; round < rounds; round += 1) {
    // Alternately from either end, so that no side always follows the same other one.
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) reports.get(side)?.push(await side(seconds, Math.min(0.5, seconds / 4)));
  }
  return reports;
}

/** Medians over the rounds. */
export interface Summary {
  readonly perSecond: number;
  /** Per second of the server's processor time: what counts when the machine has other work beside. */
  readonly perCpuSecond: number;
  readonly serverCpuShare: number;
  readonly loadCpuShare: number;
  latency(name: keyof LoadReport['latencyMs']): Latency;
}

export function summarize(reports: readonly LoadReport[] = []): Summary {
  const mid = (value: (report: LoadReport) => number) => median(reports.map(value));
  return {
    perSecond: round(mid(({ perSecond }) => perSecond)),
    perCpuSecond: round(mid(({ perSecond, serverCpuShare }) => perSecond / serverCpuShare)),
    serverCpuShare: round(mid(({ serverCpuShare }) => serverCpuShare)),
    loadCpuShare: round(mid(({ loadCpuShare }) => loadCpuShare)),
    latency: (name) => ({
      p50: round(mid(({ latencyMs }) => latencyMs[name]?.p50 ?? Number.NaN)),
      p99: round(mid(({ latencyMs }) => latencyMs[name]?.p99 ?? Number.NaN)),
    }),
  };
}

/** Median over the rounds of how many times as much `one` did as `other` in the same round. */
export function ratioOf(one: readonly LoadReport[] = [], other: readonly LoadReport[] = []): number {
  return round(
    median(one.map(({ perSecond }, index) => perSecond / (other[index]?.perSecond ?? Number.NaN))),
  );
}

/** The value, or the reason why it is not to be had. */
export async function orReason<T>(get: () => Promise<T>): Promise<T | string> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof NotAvailable) return error.message;
    throw error;
  }
}

export function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function describe(summary: Summary, unit: string): string {
  const { perSecond, perCpuSecond, serverCpuShare, loadCpuShare } = summary;
  return `${Math.round(perSecond)} ${unit}/s (${Math.round(perCpuSecond)} a processor second; the server used ${percent(serverCpuShare)} of a core, the load ${percent(loadCpuShare)})`;
}

export function describeLatency({ p50, p99 }: Latency): string {
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
