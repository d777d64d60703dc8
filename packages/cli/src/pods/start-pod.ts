import { randomBytes } from 'node:crypto';
import type { Endpoint } from '@spillway/gateway/config';
import type { PoolWorkerCreated } from '@spillway/protocol/v1';
import { createSystemClock } from '@spillway/sdk/clock';
import type { RunpodClient } from '@spillway/sdk/runpod';
import { CliError, EXIT, wrongUse } from '../cli-error.ts';
import { isLoopback, resolveConnection } from '../connection.ts';
import { connectRunpod, loadFile, pickEndpoints, runpodApiUrl } from '../deploy/cloud.ts';
import { secretReference } from '../deploy/settings.ts';
import { variablesFilledIn } from '../deploy/yaml-file.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson } from '../output.ts';
import { type CardChoice, type CardWish, chooseCards, describeNoCard, lifeSeconds } from './choose-cards.ts';
import { type PodRequest, type RunPodOptions, readPodOptions } from './pod-options.ts';
import { type PodEnd, type PodJob, runPod } from './run-pod.ts';

/** Pods that this command made are known by the beginning of their names. */
export const POD_PREFIX = 'spillway-pod-';

/** The whole of `spillway pods run`. */
export async function startPod(command: readonly string[], options: RunPodOptions): Promise<void> {
  const request = readPodOptions(options);
  const work = await workOf(command, options);
  const runpod = connectRunpod();
  const cards = request.wish ? await cardsFor(request.wish, request, runpod) : [];
  const job = jobOf(request, work, cards, options);
  if (options.dryRun) return showDryRun(job, options);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const end = await runPod(job, {
      ...{ runpod, clock: createSystemClock(), signal: stop.signal },
      isDetached: options.detach === true,
      view: { note, line: options.json ? note : print },
    });
    tellEnd(end, options);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Below that a pod ends before its command has begun. */
const SHORTEST_LIFE_S = 60;

/** Those that are free and that the money is enough for. */
async function cardsFor(
  wish: CardWish,
  { maxTimeMs, maxCost }: PodRequest,
  runpod: RunpodClient,
): Promise<readonly CardChoice[]> {
  const catalogue = await runpod.gpus('POD');
  const cards = chooseCards(catalogue, wish);
  const [cheapest] = cards;
  if (!cheapest) throw new CliError('NO_CARD', describeNoCard(catalogue, wish));
  const paid = cards.filter(
    ({ hourly }) => lifeSeconds(Number.MAX_SAFE_INTEGER, maxCost, hourly) >= SHORTEST_LIFE_S,
  );
  if (paid.length > 0 || maxTimeMs < SHORTEST_LIFE_S * 1000) return paid;
  const seconds = lifeSeconds(maxTimeMs, maxCost, cheapest.hourly);
  throw wrongUse(
    `--max-cost: $${maxCost} pays for ${seconds} s of the cheapest card (${cheapest.id}, $${cheapest.hourly.toFixed(2)} an hour), and no pod does anything in less than a minute`,
  );
}

interface Work {
  readonly command: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What runs on the pod: a command, or a worker of an endpoint of the gateway, which connects to its pool. */
async function workOf(words: readonly string[], options: RunPodOptions): Promise<Work> {
  if (options.join === undefined) {
    if (words.length === 0) throw wrongUse('say what to run behind `--`, or which endpoint to --join');
    if (options.image === undefined) throw wrongUse('--image: say which image to run it in');
    return { command: words.map(shellWord).join(' '), image: options.image, env: {} };
  }
  const loaded = await loadFile(options);
  const [endpoint] = pickEndpoints(loaded.endpoints, options.join);
  if (!endpoint) throw wrongUse(`no endpoint is called ${options.join}`);
  const image = options.image ?? endpoint.deploy?.image ?? endpoint.container?.image;
  if (image === undefined) throw wrongUse(`--image: ${options.join} has none in the file`);
  if (words.length === 0 && endpoint.worker === undefined) {
    throw wrongUse('say behind `--` what starts the worker in the image');
  }
  const env = {
    ...variablesOf(endpoint, loaded.text, options),
    ...(options.dryRun ? {} : await poolEnvironment(options.join, options)),
  };
  const command = words.length > 0 ? words.map(shellWord).join(' ') : `spillway-worker ${endpoint.worker}`;
  return { command, image, env };
}

/** As for a deployment: nothing that the file fills in from this machine goes to RunPod without a word. */
function variablesOf(endpoint: Endpoint, text: string, { env = [], secret = [] }: RunPodOptions) {
  const { env: ours = {}, secrets = {} } = endpoint.deploy ?? {};
  const said = {
    ...ours,
    ...Object.fromEntries(Object.entries(secrets).map(([k, v]) => [k, secretReference(v)])),
  };
  const given = new Set([...env, ...secret].map((pair) => pair.split('=')[0]));
  for (const name of variablesFilledIn(text, ['endpoints', endpoint.name, 'env'])) {
    if (Object.hasOwn(said, name) || given.has(name)) continue;
    throw wrongUse(
      `env.${name}: its value comes from this machine's environment and is not sent to RunPod; give --secret ${name}=<name of a secret at RunPod>, or --env ${name}=…`,
    );
  }
  return { ...endpoint.env, ...said };
}

async function poolEnvironment(
  endpoint: string,
  options: RunPodOptions,
): Promise<Readonly<Record<string, string>>> {
  const connection = await resolveConnection(options);
  const api = createGatewayApi(connection);
  const origin = options.url ?? (isLoopback(connection.url) ? undefined : connection.url);
  const path = `/v1/endpoints/${encodeURIComponent(endpoint)}/pool-workers`;
  const made = await api.post<PoolWorkerCreated>(path, {
    name: `a pod for ${endpoint}`,
    ...(origin === undefined ? {} : { origin }),
  });
  if (!isLoopback(made.origin)) return made.env;
  throw wrongUse(
    `${made.origin} is this machine only, and a pod could not reach it: set \`publicUrl\` or \`workerListen\` in spillway.yaml, or give --url`,
  );
}

function jobOf(
  request: PodRequest,
  work: Work,
  cards: readonly CardChoice[],
  options: RunPodOptions,
): PodJob {
  const { cpu, mounts, maxTimeMs, maxCost, idleMs } = request;
  return {
    name: `${POD_PREFIX}${randomBytes(4).toString('hex')}`,
    ...{ cards, cardCount: options.count, command: work.command, maxTimeMs, idleMs, apiUrl: runpodApiUrl() },
    ...(maxCost === undefined ? {} : { maxCost }),
    body: {
      ...{ image: work.image, disk: options.disk, env: { ...work.env, ...request.env } },
      ...(request.wish ? { cloud: request.wish.cloud } : {}),
      ...(cpu === undefined ? {} : { cpu }),
      ...(mounts === undefined ? {} : { mounts }),
      ...(options.region === undefined ? {} : { dataCenterIds: options.region }),
    },
  };
}

function showDryRun(job: PodJob, { json }: RunPodOptions): void {
  const { cards, body, command } = job;
  const choices = cards.map((card) => ({
    ...card,
    seconds: lifeSeconds(job.maxTimeMs, job.maxCost, card.hourly),
  }));
  if (json) {
    printJson({ image: body.image, command, cards: choices, isMade: false });
    return;
  }
  print(`${body.image}: ${command}`);
  for (const { id, hourly, seconds } of choices) {
    const most = (hourly * seconds) / 3600;
    print(
      `  ${id}: $${hourly.toFixed(2)} an hour, at most ${Math.round(seconds / 60)} min and $${most.toFixed(2)}`,
    );
  }
  note('dry run: no pod was made');
}

function tellEnd(end: PodEnd, { json }: RunPodOptions): void {
  if (json) printJson(end);
  if (end.type === 'detached') {
    if (!json) print(end.podId);
    note('it goes on and ends by itself; `spillway pods stop` ends it now');
    return;
  }
  if (end.type === 'ended') {
    if (end.exitCode !== 0) note(`the command ended with exit code ${end.exitCode}`);
    process.exitCode = end.exitCode === 0 && end.stillThere === undefined ? EXIT.ok : EXIT.failed;
    return;
  }
  note(`pod ${end.podId}: ${end.reason}`);
  process.exitCode = end.type === 'stopped' ? EXIT.interrupted : EXIT.failed;
}

/** As one word of a POSIX shell, whatever it holds. */
function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
