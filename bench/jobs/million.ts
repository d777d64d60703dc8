import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { median } from '../figures.ts';
import type { LoadReport } from './load.ts';
import type { Bench, Part, Side } from './scenario.ts';
import { measureInTurns, round } from './scenario.ts';
import { KEY, playedEndpoint, startGateway } from './servers.ts';
import type { Server } from './stage.ts';

const FEW_JOBS = 1_000;
/** Connections that each submit, take and report in turn, so that the queue stays as long as it is. */
const LANES = 8;
/** Connections that submit at first. */
const FILLERS = 256;

/** What a long queue costs: the same calls on a gateway with 1 000 queued jobs and on one with a million. */
export async function measureMillion(bench: Bench): Promise<Part> {
  const { load, effort } = bench;
  const few = await fill(bench, FEW_JOBS);
  const many = await fill(bench, effort.manyJobs);
  const side =
    ({ server }: Filled): Side =>
    (seconds, warmupSeconds) =>
      load({ mode: 'lanes', server, key: KEY, clients: LANES, workers: 0, seconds, warmupSeconds });
  const [fewSide, manySide] = [side(few), side(many)];
  const reports = await measureInTurns([fewSide, manySide], effort);
  const ratio = (of: 'submit' | 'take') => ratioOfTimes(reports.get(fewSide), reports.get(manySide), of);
  const ratios = { takeAtMillion: ratio('take'), submitAtMillion: ratio('submit') };
  const residentMb = residentMbOf(many.server);
  return {
    ratios,
    figures: {
      million: {
        jobs: effort.manyJobs,
        startSeconds: many.startSeconds,
        startSecondsAt1000: few.startSeconds,
        residentMb,
        databaseMb: many.databaseMb,
      },
    },
    rows: [
      [
        `start-up with ${effort.manyJobs} queued jobs`,
        `${many.startSeconds} s (with ${FEW_JOBS}: ${few.startSeconds} s; aim: under 2 s)`,
      ],
      ['resident memory after start and load', `${residentMb} MB (aim: under 250 MB)`],
      ['takeAtMillion', `${ratios.takeAtMillion} (aim: 0.83 or more)`],
      ['submitAtMillion', `${ratios.submitAtMillion} (aim: 0.83 or more)`],
    ],
  };
}

interface Filled {
  readonly server: Server;
  readonly startSeconds: number;
  readonly databaseMb: number;
}

/** A gateway that starts over the database of one to which that many jobs were submitted. */
async function fill(bench: Bench, jobs: number): Promise<Filled> {
  const { stage, load } = bench;
  const folder = stage.folder();
  const endpoints = playedEndpoint('bench');
  const first = await startGateway(bench, endpoints, folder);
  await load({
    mode: 'fill',
    server: first,
    key: KEY,
    count: jobs,
    clients: FILLERS,
    workers: 0,
    seconds: 0,
    warmupSeconds: 0,
  });
  await stage.end(first);
  const startedAt = performance.now();
  const server = await startGateway(bench, endpoints, folder);
  const startSeconds = round((performance.now() - startedAt) / 1000);
  const file = path.join(folder, 'data', 'jobs.db');
  return { server, startSeconds, databaseMb: Math.round(statSync(file).size / 1e6) };
}

/** Median over the rounds of the one's time over the other's. */
function ratioOfTimes(
  few: readonly LoadReport[] = [],
  many: readonly LoadReport[] = [],
  of: 'submit' | 'take',
): number {
  const p50 = (report: LoadReport | undefined) => report?.latencyMs[of]?.p50 ?? Number.NaN;
  return round(median(few.map((report, index) => p50(report) / p50(many[index]))));
}

/** Resident megabytes (10^6 bytes) of a process. */
function residentMbOf({ pid }: Server): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  return Math.round((Number(stdout) * 1024) / 1e6);
}
