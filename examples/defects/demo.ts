// Photos in, measured defects out: the whole product in one process and its worker. Starts a gateway on embedded
// defaults, lets it start a worker, sends photos through the job API, shows and keeps what was found, ends everything.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGateway, formatProblems, type Gateway, loadConfig } from '@spillway/gateway';
import { createClient, type EndpointClient, type JobReply } from '@spillway/sdk/client';
import { builtInWorkers } from '@spillway/workers';
import { annotatePicture } from '@spillway/workers/annotate';
import type { DetectResult } from '@spillway/workers/detect';
import { pino } from 'pino';
import {
  defectTable,
  durationText,
  isDetectResult,
  modelLines,
  type PhotoTimings,
  timingTable,
  uniqueNames,
} from 'spillway/defects';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const PHOTOS = path.join(HERE, 'photos');
const LARGEST_PHOTO_BYTES = 7_800_000;

interface Photo {
  /** As it was given. */
  readonly file: string;
  readonly label: string;
  readonly bytes: Uint8Array;
}

interface Measured extends Photo {
  readonly output: DetectResult;
  readonly timings: PhotoTimings;
}

interface Failed {
  readonly file: string;
  readonly error: string;
}

const startedAt = performance.now();
const interrupt = interruptSignal();
try {
  process.exitCode = await runDemo(process.argv.slice(2), interrupt.signal);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (interrupt.signal.aborted) process.exitCode = 130;
interrupt.release();

/** Answers the exit code: 0 when every photo was measured. */
async function runDemo(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { out: { type: 'string', default: 'demo-output' } },
    allowPositionals: true,
  });
  // npm starts scripts in the project's folder; files are named from where the user is.
  const folder = process.env.INIT_CWD ?? process.cwd();
  const out = path.resolve(folder, values.out);
  const files = positionals.length > 0 ? positionals : await samplePhotos(folder);
  const { photos, failed } = await readPhotos(files, folder);
  const measured = photos.length > 0 ? await measureAll(photos, failed, signal) : [];
  if (signal.aborted) return 130;
  showTables(measured);
  await saveAll(out, measured);
  for (const { file, error } of failed) console.log(`✗ ${file}: ${error}`);
  console.log(`\nDone in ${durationText(performance.now() - startedAt)}.`);
  return failed.length === 0 ? 0 : 1;
}

async function samplePhotos(folder: string): Promise<string[]> {
  const names = (await readdir(PHOTOS)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name));
  console.log(`Spillway demo: ${names.length} sample photos, rendered by the project's own generator`);
  return names.toSorted().map((name) => path.relative(folder, path.join(PHOTOS, name)));
}

async function readPhotos(files: readonly string[], folder: string) {
  const photos: Photo[] = [];
  const failed: Failed[] = [];
  for (const file of files) {
    try {
      const bytes = await readFile(path.resolve(folder, file));
      if (bytes.length > LARGEST_PHOTO_BYTES) {
        failed.push({
          file,
          error: `larger than ${LARGEST_PHOTO_BYTES / 1e6} MB, the most that fits into a job`,
        });
      } else {
        photos.push({ file, label: path.basename(file), bytes });
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      failed.push({ file, error: code === 'ENOENT' ? 'no such file' : `cannot be read (${String(code)})` });
    }
  }
  return { photos, failed };
}

/** Gateway up, one job a photo, gateway down; jobs that fail are added to `failed`. */
async function measureAll(
  photos: readonly Photo[],
  failed: Failed[],
  signal: AbortSignal,
): Promise<Measured[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'spillway-demo-'));
  try {
    const gateway = await startGateway(dataDir);
    try {
      const client = createClient({ baseUrl: `${gateway.url}/v2`, apiKey: gateway.adminKey.secret });
      return await runJobs(client.endpoint('detect'), photos, failed, signal);
    } finally {
      await gateway.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The example's own spillway.yaml, but on a free port and with a data directory that goes when the demo goes. */
async function startGateway(dataDir: string): Promise<Gateway> {
  const file = path.join(HERE, 'spillway.yaml');
  const result = await loadConfig(file, { env: process.env, builtInWorkers });
  if (!result.ok) throw new Error(formatProblems(file, result.problems));
  const config = { ...result.config, listen: { host: '127.0.0.1', port: 0 }, dataDir };
  const gateway = createGateway({ config, log: pino({ level: 'error' }, process.stderr) });
  await gateway.start();
  console.log(`Gateway  ${gateway.url}, jobs in SQLite under ${dataDir} (removed afterwards)`);
  return gateway;
}

async function runJobs(
  endpoint: EndpointClient,
  photos: readonly Photo[],
  failed: Failed[],
  signal: AbortSignal,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  const submitted: { photo: Photo; id: string }[] = [];
  for (const photo of photos) {
    const image = Buffer.from(photo.bytes).toString('base64');
    const { id } = await endpoint.run({ image, frame_id: photo.label, include_masks: true });
    submitted.push({ photo, id });
  }
  console.log(`Jobs     ${submitted.length} sent to /v2/detect/run; the gateway starts a worker for them`);
  const tellWait = createWaitTeller();
  for (const { photo, id } of submitted) {
    if (signal.aborted) break;
    const job = await endpoint.waitForJob(id, { signal, onProgress: tellWait }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (job?.status === 'COMPLETED' && isDetectResult(job.output)) {
      measured.push({ ...photo, output: job.output, timings: timingsOf(job, job.output) });
      console.log(`Measured ${photo.label}`);
    } else if (job) {
      failed.push({ file: photo.file, error: job.error ?? job.status });
    }
  }
  return measured;
}

/** Says once why nothing happens yet; a worker that cannot start at all ends the demo with its reason. */
function createWaitTeller(): (reply: JobReply) => void {
  let isTold = false;
  return ({ waitReason }) => {
    if (waitReason?.code === 'WORKER_CRASH_LOOP') throw new Error(waitReason.message);
    if (waitReason && !isTold) console.log(`Waiting  ${waitReason.message}`);
    isTold ||= waitReason !== undefined;
  };
}

function timingsOf(job: JobReply, output: DetectResult): PhotoTimings {
  return {
    queueMs: job.delayTime ?? 0,
    executionMs: job.executionTime ?? 0,
    detectorMs: output.detector_time_ms,
    segmenterMs: output.segmenter_time_ms,
  };
}

function showTables(measured: readonly Measured[]): void {
  if (measured.length === 0) return;
  const photos = measured.map((photo) => ({ ...photo, file: photo.label }));
  console.log(`\n${defectTable(photos)}\n\n${timingTable(photos)}\n\n${modelLines(photos).join('\n')}\n`);
}

/** `result.json` and an annotated PNG for each photo. */
async function saveAll(out: string, measured: readonly Measured[]): Promise<void> {
  await mkdir(out, { recursive: true });
  const images: object[] = [];
  const names = uniqueNames(measured.map(({ label }) => label));
  for (const [index, { file, bytes, output, timings }] of measured.entries()) {
    const annotated = `${names[index]}.png`;
    await writeFile(path.join(out, annotated), await annotatePicture(bytes, output));
    console.log(`Wrote    ${path.join(out, annotated)}`);
    images.push({ file, annotated, output, timings });
  }
  const resultFile = path.join(out, 'result.json');
  await writeFile(resultFile, `${JSON.stringify({ images }, null, 2)}\n`);
  console.log(`Wrote    ${resultFile}`);
}

/** The first Ctrl-C ends the demo in order, the second at once; workers end either way. */
function interruptSignal() {
  const interrupted = new AbortController();
  function onSignal(): void {
    if (interrupted.signal.aborted) process.exit(130);
    console.error('\nstopping (Ctrl-C again stops at once)');
    interrupted.abort();
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: interrupted.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
