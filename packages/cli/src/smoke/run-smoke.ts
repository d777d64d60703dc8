import { existsSync } from 'node:fs';
import path from 'node:path';
import type { GatewayConfig } from '@spillway/gateway';
import { EXIT, wrongUse } from '../cli-error.ts';
import { type Connection, type ConnectionOptions, isLoopback, resolveConnection } from '../connection.ts';
import { onInterrupt } from '../interrupt.ts';
import { note } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { type Check, type CheckResult, runChecks } from './check.ts';
import { createGatewayTarget, findJobEndpoint } from './gateway-target.ts';
import { createPodTarget } from './pod-target.ts';
import {
  createJsonReport,
  createRedactor,
  createTextReport,
  type SmokeOutcome,
  type SmokeReport,
  verdictOf,
} from './report.ts';
import { createRunpodTarget } from './runpod-target.ts';
import type { SmokeTarget } from './target.ts';
import { findTests, readTests, TESTS_FILE, type WorkerTest } from './tests-file.ts';
import { createWorkerChecks } from './worker-checks.ts';

export interface SmokeCommandOptions extends ConnectionOptions {
  readonly pod?: string;
  /** True for the flag alone. */
  readonly runpod?: string | true;
  readonly as?: string;
  readonly tests?: string;
  readonly imageUrl?: string;
  readonly unsigned?: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/** What is known of the worker before anything is sent. */
interface Subject {
  readonly target: SmokeTarget;
  /** A built-in worker's name; undefined for one of the user's own. */
  readonly worker: string | undefined;
  /** Where a worker of the user's own has its `.runpod/tests.json`. */
  readonly folder: string;
  readonly endpointEnv: Readonly<Record<string, string>> | undefined;
  /** What a pod says of itself, once it was asked. */
  readonly podSettings: () => Readonly<Record<string, unknown>> | undefined;
  /** Never shown. */
  readonly secrets: readonly (string | undefined)[];
}

/** The whole of `spillway smoke`; sets the exit code. */
export async function runSmoke(name: string, options: SmokeCommandOptions): Promise<void> {
  if (options.pod !== undefined && options.runpod !== undefined)
    throw wrongUse('--pod and --runpod: expected one of them');
  const subject = await findSubject(name, options);
  const checks = [...subject.target.checks, ...(await checksOf(name, subject, options))];
  const report = options.json ? createJsonReport() : createTextReport();
  const interrupt = onInterrupt(() => note('cancelling the job that runs (Ctrl-C again leaves it running)'));
  try {
    const outcome = await runAll(subject, checks, report, interrupt.signal);
    report.end(outcome);
    finish(name, outcome, options);
    if (interrupt.signal.aborted) process.exitCode = EXIT.interrupted;
  } finally {
    interrupt.stop();
  }
}

async function runAll(
  { target, worker, secrets }: Subject,
  checks: readonly Check[],
  report: SmokeReport,
  signal: AbortSignal,
): Promise<SmokeOutcome> {
  const redact = createRedactor(secrets);
  const clean = (result: CheckResult) => ({ ...result, detail: redact(result.detail) });
  const startedAt = performance.now();
  report.begin(
    target,
    checks.map((check) => check.name),
  );
  const results = await runChecks(checks, {
    signal,
    onResult: (result) => report.result(clean(result)),
    now: () => performance.now(),
  });
  return {
    target,
    worker,
    results: results.map(clean),
    durationMs: performance.now() - startedAt,
    isInterrupted: signal.aborted,
  };
}

function finish(name: string, outcome: SmokeOutcome, { json }: SmokeCommandOptions): void {
  const { target } = outcome;
  if (verdictOf(outcome) !== 'FAILED') return;
  process.exitCode = EXIT.failed;
  if (!json && target.kind === 'gateway') note(`\n\`spillway logs ${name}\` shows what its workers say.`);
}

async function findSubject(name: string, options: SmokeCommandOptions): Promise<Subject> {
  const { env } = process;
  const timeoutMs = options.timeout * 1000;
  const { builtInWorkers } = await import('@spillway/workers');
  const named = options.as ?? (Object.hasOwn(builtInWorkers, name) ? name : undefined);
  if (options.as !== undefined && !Object.hasOwn(builtInWorkers, options.as))
    throw wrongUse(`--as: expected one of ${Object.keys(builtInWorkers).join(', ')}, found "${options.as}"`);
  const hmac = [env.EMBEDDING_HMAC_SECRET, env.EMBEDDING_HMAC_SECRET_PREVIOUS];
  const common = {
    worker: named,
    folder: process.cwd(),
    endpointEnv: undefined,
    podSettings: () => undefined,
  };
  if (options.pod !== undefined) {
    let settings: Readonly<Record<string, unknown>> | undefined;
    const target = createPodTarget({
      url: options.pod,
      apiKey: env.API_KEY,
      worker: named,
      timeoutMs,
      onInfo(info) {
        settings = info.settings;
      },
    });
    return { ...common, target, podSettings: () => settings, secrets: [...hmac, env.API_KEY] };
  }
  if (options.runpod !== undefined) {
    const target = createRunpodTarget(runpodEndpoint(options.runpod, env), env, timeoutMs);
    return { ...common, target, secrets: [...hmac, env.RUNPOD_API_KEY] };
  }
  const connection = await resolveConnection(options);
  const endpoint = await findJobEndpoint(connection, name);
  const written = await writtenEndpoint(connection, name);
  return {
    ...common,
    target: createGatewayTarget(connection, endpoint, timeoutMs),
    worker: options.as ?? endpoint.worker,
    folder: written?.cwd ?? common.folder,
    endpointEnv: written?.env,
    secrets: [...hmac, connection.key, written?.env.EMBEDDING_HMAC_SECRET],
  };
}

/** `--runpod` alone takes the variable that callers of the service have set. */
function runpodEndpoint(given: string | true, env: NodeJS.ProcessEnv): string {
  const id = given === true ? (env.RUNPOD_CLIP_ENDPOINT_ID ?? env.RUNPOD_ENDPOINT_ID) : given;
  if (id) return id;
  throw wrongUse(
    '--runpod: expected the id of an endpoint, here or in RUNPOD_CLIP_ENDPOINT_ID or RUNPOD_ENDPOINT_ID',
  );
}

/** The endpoint as ./spillway.yaml has it: where its worker's tests and its secret are. Other machines' are unknown. */
async function writtenEndpoint(
  { url }: Connection,
  name: string,
): Promise<GatewayConfig['endpoints'][number] | undefined> {
  const folder = process.cwd();
  const file = path.join(folder, CONFIG_FILE);
  if (!isLoopback(url) || !existsSync(file)) return undefined;
  const result = await readConfig({ file, folder });
  return result.ok ? result.config.endpoints.find((endpoint) => endpoint.name === name) : undefined;
}

async function checksOf(name: string, subject: Subject, options: SmokeCommandOptions): Promise<Check[]> {
  const { target, worker, folder } = subject;
  const given = options.tests === undefined ? undefined : readTests(path.resolve(options.tests));
  if (worker === 'clip') {
    const { createClipChecks } = await import('./clip/create-clip-checks.ts');
    const own = createClipChecks(subject, {
      imageUrl: options.imageUrl,
      isUnsigned: options.unsigned ?? false,
    });
    return [...own, ...createWorkerChecks(target, given ?? [])];
  }
  if (worker === 'detect') {
    const { createDetectChecks } = await import('./detect-checks.ts');
    const own = createDetectChecks(target, await sampleReader(worker));
    return [...own, ...createWorkerChecks(target, given ?? [])];
  }
  return createWorkerChecks(target, given ?? ownTests(name, folder));
}

function ownTests(name: string, folder: string): readonly WorkerTest[] {
  const found = findTests(folder);
  if (found) return found.tests;
  throw wrongUse(
    `nothing is known that could be sent to ${name}: there is no ${path.join(folder, TESTS_FILE)}; write one such as {"tests": [{"name": "greets", "input": {"name": "Ada"}, "timeout": 10000}]}, or name yours with --tests`,
  );
}

/** The worker's sample input, read from its file once. @throws CliError for a worker without one. */
async function sampleReader(worker: string): Promise<() => Promise<Readonly<Record<string, unknown>>>> {
  const { sampleInputs } = await import('@spillway/workers/samples');
  const read = sampleInputs[worker];
  if (!read) throw wrongUse(`there is no sample for the worker ${worker}; name inputs with --tests`);
  const input = read();
  return () => input;
}
