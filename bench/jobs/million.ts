import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { median } from '../figures.ts';
import { JOB_BODY } from './job-body.ts';
import type { LoadReport } from './load.ts';
import type { Bench, Part, Side } from './scenario.ts';
import { measureInTurns, round } from './scenario.ts';
import { KEY, playedEndpoint, startGateway } from './servers.ts';
import type { Server } from './stage.ts';

const FEW_JOBS = 1_000;
/** Connections that each submit, take and report in turn, so that the queue stays as long as it is. */
const LANES = 8;

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

/** A gateway whose database holds that many queued jobs: one submitted through it, and copies of its row. */
async function fill(bench: Bench, jobs: number): Promise<Filled> {
  const folder = bench.stage.folder();
  const endpoints = playedEndpoint('bench');
  const first = await startGateway(bench, endpoints, folder);
  const reply = await fetch(`${first.url}/v2/bench/run`, {
    method: 'POST',
    headers: { authorization: KEY, 'content-type': 'application/json' },
    body: JOB_BODY,
  });
  if (!reply.ok) throw new Error(`the first job was refused: ${await reply.text()}`);
  await bench.stage.end(first);
  const file = path.join(folder, 'data', 'jobs.db');
  copyFirstJob(file, jobs);
  const startedAt = performance.now();
  const server = await startGateway(bench, endpoints, folder);
  const startSeconds = round((performance.now() - startedAt) / 1000);
  return { server, startSeconds, databaseMb: Math.round(statSync(file).size / 1e6) };
}

const COPIES_AT_ONCE = 50_000;

/** Whatever columns a job has, its copies differ in key and id alone. */
function copyFirstJob(file: string, jobs: number): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = OFF');
  const columns = db
    .prepare('PRAGMA table_info(jobs)')
    .all()
    .map((column) => String(column.name));
  const kept = columns.filter((name) => name !== 'seq' && name !== 'id').join(', ');
  const copy = db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
     INSERT INTO jobs (id, ${kept})
     SELECT lower(hex(randomblob(16))) || '-s1', ${kept} FROM n, (SELECT * FROM jobs ORDER BY seq LIMIT 1)`,
  );
  for (let from = 1; from < jobs; from += COPIES_AT_ONCE)
    copy.run(from, Math.min(jobs, from + COPIES_AT_ONCE));
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
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
