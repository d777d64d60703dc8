import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { median, quantile } from '../figures.ts';
import { type Part, round } from '../jobs/scenario.ts';
import type { Stage } from '../jobs/stage.ts';
import { type ClipWorker, startClipWorker } from './clip-worker.ts';
import type { InferenceEffort } from './effort.ts';
import { folderBytes, residentBytes } from './memory.ts';
import { type OpenClip, startOpenClip } from './open-clip.ts';
import { openFastestSession, type RawSession } from './raw-session.ts';
import type { InferenceSite } from './site.ts';
import { measureUndisturbed } from './undisturbed.ts';

/**
 * Pictures a second of the whole worker against the raw session of its model and against open_clip, which gets the same
 * JPEGs and decodes and resamples them beside its model, too. All sides take turns.
 */
const IN_FLIGHT = 8;
const BATCHES = [1, 4, 8, 16] as const;

interface Side {
  readonly label: string;
  /** Pictures a second. */
  run(seconds: number): Promise<number>;
  readonly rounds: number[];
  /** What others took of the processors in each round. */
  readonly others: number[];
}

interface Sides {
  readonly rawFloat: Side;
  readonly worker: Side;
  readonly openClip: Side;
  readonly openClipModel: Side;
  readonly rawInt8: Side;
  readonly int8: Side;
}

export async function measureThroughput({
  stage,
  site,
  effort,
}: {
  readonly stage: Stage;
  readonly site: InferenceSite;
  readonly effort: InferenceEffort;
}): Promise<Part> {
  const pictures = readdirSync(site.pictures)
    .sort()
    .map((name) => readFileSync(path.join(site.pictures, name)));
  const worker = await startClipWorker(stage, site.float32, pictures);
  const int8 = await startClipWorker(stage, site.int8, pictures);
  const openClip = await startOpenClip(site);
  try {
    const raw = await openFastestSession(site.float32, effort.trialSeconds);
    const rawInt8 = await openFastestSession(site.int8, effort.trialSeconds);
    const latencies: number[] = [];
    const sides = await createSides({ worker, int8, openClip, raw, rawInt8 }, latencies, effort);
    await takeTurns(Object.values(sides), [worker.pid, int8.pid, openClip.pid], effort);
    const same = await compareEmbeddings(worker, openClip, pictures);
    const part = await report({ sides, worker, openClip, site, same, latencies });
    await Promise.all([raw.release(), rawInt8.release()]);
    return part;
  } finally {
    await Promise.all([worker.stop(), int8.stop(), openClip.stop()]);
  }
}

interface Parties {
  readonly worker: ClipWorker;
  readonly int8: ClipWorker;
  readonly openClip: OpenClip;
  readonly raw: RawSession;
  readonly rawInt8: RawSession;
}

async function createSides(
  { worker, int8, openClip, raw, rawInt8 }: Parties,
  latencies: number[],
  { trialSeconds }: InferenceEffort,
): Promise<Sides> {
  const side = (label: string, run: Side['run']): Side => ({ label, run, rounds: [], others: [] });
  const whole = await fastestBatch(openClip, true, trialSeconds);
  const alone = await fastestBatch(openClip, false, trialSeconds);
  return {
    rawFloat: side(`raw session, float32 (${raw.label})`, raw.measure),
    worker: side(`worker, float32, ${IN_FLIGHT} in flight`, async (seconds) => {
      const figures = await worker.measure(seconds, IN_FLIGHT);
      latencies.push(...figures.latencies);
      return figures.perSecond;
    }),
    openClip: side(`open_clip from the JPEG on (batches of ${whole})`, (seconds) =>
      openClip.measure({ batch: whole, seconds, whole: true }),
    ),
    openClipModel: side(`open_clip, its model alone (batches of ${alone})`, (seconds) =>
      openClip.measure({ batch: alone, seconds, whole: false }),
    ),
    rawInt8: side(`raw session, int8 (${rawInt8.label})`, rawInt8.measure),
    int8: side(`worker, int8, ${IN_FLIGHT} in flight`, async (seconds) => {
      const { perSecond } = await int8.measure(seconds, IN_FLIGHT);
      return perSecond;
    }),
  };
}

async function fastestBatch(openClip: OpenClip, whole: boolean, seconds: number): Promise<number> {
  const trials: { batch: number; perSecond: number }[] = [];
  for (const batch of BATCHES) {
    trials.push({ batch, perSecond: await openClip.measure({ batch, seconds, whole }) });
  }
  return trials.reduce((best, one) => (one.perSecond > best.perSecond ? one : best)).batch;
}

/** Alternately from either end, so that no side always follows the same other one. The first turns only warm up. */
async function takeTurns(
  sides: readonly Side[],
  pids: readonly number[],
  { rounds, seconds }: InferenceEffort,
): Promise<void> {
  for (const side of sides) await side.run(Math.min(1, seconds));
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : [...sides].reverse()) {
      const { value, othersShare } = await measureUndisturbed(pids, () => side.run(seconds));
      side.rounds.push(value);
      side.others.push(othersShare);
    }
  }
}

/** The least cosine of the worker's and open_clip's embedding of the same picture: both did the same work. */
async function compareEmbeddings(
  worker: ClipWorker,
  openClip: OpenClip,
  pictures: readonly Buffer[],
): Promise<number> {
  const theirs = await openClip.embeddings();
  const cosines: number[] = [];
  for (const [at, picture] of pictures.entries()) {
    const ours = await worker.embed(picture);
    cosines.push(ours.reduce((sum, value, index) => sum + value * (theirs[at]?.[index] ?? Number.NaN), 0));
  }
  return Math.min(...cosines);
}

interface Findings {
  readonly sides: Sides;
  readonly worker: ClipWorker;
  readonly openClip: OpenClip;
  readonly site: InferenceSite;
  /** Least cosine of the worker's embeddings and open_clip's. */
  readonly same: number;
  readonly latencies: readonly number[];
}

async function report({ sides, worker, openClip, site, same, latencies }: Findings): Promise<Part> {
  const rate = ({ rounds }: Side) => round(median(rounds));
  const ratio = (one: Side, other: Side) =>
    round(median(one.rounds.map((value, index) => value / (other.rounds[index] ?? Number.NaN))));
  const ratios = {
    throughputVsRaw: ratio(sides.worker, sides.rawFloat),
    vsOpenClip: ratio(sides.worker, sides.openClip),
    quantisedVsOpenClip: ratio(sides.int8, sides.openClip),
  };
  const { eventLoopLagMs } = await worker.info();
  const memory = { worker: residentBytes(worker.pid), torch: await openClip.residentBytes() };
  const environmentBytes = folderBytes(site.environment);
  const latency = { p50: round(median(latencies)), p99: round(quantile(latencies, 0.99)) };
  const { leastCosine, leastCosineCentred, pictures } = site.quantized;
  const others = Math.max(...Object.values(sides).flatMap((side) => side.others));
  const models = {
    vsOpenClipModelAlone: ratio(sides.worker, sides.openClipModel),
    quantisedVsRaw: ratio(sides.int8, sides.rawInt8),
  };
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  return {
    ratios,
    figures: {
      picturesPerSecond: Object.fromEntries(Object.values(sides).map((side) => [side.label, rate(side)])),
      ...models,
      mostOthersShare: round(others),
      embeddingLatencyMs: latency,
      eventLoopLagMs,
      leastCosineToOpenClip: same,
      quantized: site.quantized,
      residentBytes: memory,
      torchEnvironmentBytes: environmentBytes,
      torch: openClip.torch,
    },
    rows: [
      ...Object.values(sides).map((side): [string, string] => [side.label, `${rate(side)} pictures/s`]),
      ['throughputVsRaw', `${ratios.throughputVsRaw} (aim: 0.85 or more)`],
      [
        'vsOpenClip',
        `${ratios.vsOpenClip} (aim: 1 or more; against its model alone: ${models.vsOpenClipModelAlone})`,
      ],
      ['quantisedVsOpenClip', `${ratios.quantisedVsOpenClip} (aim: 1.5 or more)`],
      ['worker, int8, against its raw session', String(models.quantisedVsRaw)],
      [
        'int8: least cosine to float32',
        `${leastCosine.toFixed(4)} over ${pictures} pictures (aim: 0.99 or more); centred: ${leastCosineCentred.toFixed(4)}`,
      ],
      ['float32: least cosine to open_clip', same.toFixed(6)],
      [`a call, ${IN_FLIGHT} in flight`, `p50 ${latency.p50} ms, p99 ${latency.p99} ms`],
      ['event loop under load', `late by ${eventLoopLagMs.p99} ms (p99), ${eventLoopLagMs.max} ms at most`],
      ['other work on the machine', `at most ${Math.round(100 * others)} % of the processors in a round`],
      ['resident memory', `worker ${megabytes(memory.worker)}, torch ${megabytes(memory.torch)}`],
      ['Python environment on disk', `${megabytes(environmentBytes)} (torch ${openClip.torch})`],
    ],
  };
}
