import type { GpuCardView, GpuPoolView, GpusView } from '@spillway/protocol/v1';
import { CliError } from '../cli-error.ts';
import type { ConnectionOptions } from '../connection.ts';
import { fields, note, print, printJson, style, table } from '../output.ts';
import { fetchGpus } from './fetch-gpus.ts';
import { gigabytes, hourText, needGigabytes, secondText } from './gpu-texts.ts';

export interface GpusOptions extends ConnectionOptions {
  readonly refresh?: boolean;
  readonly json?: boolean;
}

type EndpointGpus = GpusView['endpoints'][number];

/** The whole of `spillway gpus`. */
export async function showGpus(name: string | undefined, options: GpusOptions): Promise<void> {
  const { view, gateway, problem } = await fetchGpus(options);
  if (problem !== undefined) note(`RunPod's prices were not read anew: ${problem}`);
  const endpoints = name === undefined ? view.endpoints : [named(view, name)];
  if (options.json) return printJson({ gateway, ...view, endpoints });
  if (gateway === null) {
    note(
      "no gateway runs here (`spillway up` starts one): this machine's cards, and the needs by its file\n",
    );
  }
  showCards(view);
  const [only] = endpoints;
  if (name !== undefined && only) return showEndpoint(only, view);
  if (endpoints.length > 0) showEndpoints(endpoints, view);
}

function named({ endpoints }: GpusView, name: string): EndpointGpus {
  const found = endpoints.find((endpoint) => endpoint.name === name);
  if (found) return found;
  const names = endpoints.map((endpoint) => endpoint.name).join(', ');
  throw new CliError('ENDPOINT_NOT_FOUND', `no endpoint is called ${name}; there are: ${names || 'none'}`);
}

function showCards({ cards, problem, driverVersion }: GpusView): void {
  if (cards.length === 0) {
    print(`no graphics card${problem === undefined ? '' : `: ${problem}`}`);
    return;
  }
  const columns = [
    ...[{ title: 'card' }, { title: 'name' }, { title: 'memory', isNumber: true }],
    ...[
      { title: 'in use', isNumber: true },
      { title: 'free for workers', isNumber: true },
    ],
    { title: 'workers' },
  ];
  print(table(columns, cards.map(cardRow)));
  if (driverVersion !== undefined) print(style('dim', `driver ${driverVersion}`));
  if (problem !== undefined) note(problem);
}

function cardRow({ index, name, part, totalBytes, usedBytes, freeBytes, workers }: GpuCardView): string[] {
  const used = usedBytes === undefined ? 'not told' : needGigabytes(usedBytes);
  const here = workers.map(
    ({ id, endpoint, state, memoryBytes }) => `${endpoint} ${id} (${needGigabytes(memoryBytes)}, ${state})`,
  );
  const title = part === undefined ? name : `${name}, part ${part}`;
  return [String(index), title, gigabytes(totalBytes), used, gigabytes(freeBytes), here.join('\n') || '-'];
}

function showEndpoints(endpoints: readonly EndpointGpus[], view: GpusView): void {
  const columns = [
    ...[{ title: 'endpoint' }, { title: 'a worker needs' }, { title: 'cards here' }],
    { title: 'at RunPod, the cheapest' },
  ];
  const rows = endpoints.map((endpoint) => [
    ...[endpoint.name, needText(endpoint), hereText(endpoint, view), cheapestText(endpoint, view)],
  ]);
  print(`\n${table(columns, rows)}`);
  const blocked = endpoints.filter(({ obstacle }) => obstacle !== undefined);
  if (blocked.length > 0) print('');
  for (const { name, obstacle } of blocked) print(`${name}: no room for a further worker: ${obstacle}`);
  const shown = view.pools.filter(({ id }) => endpoints.some(({ pools }) => pools[0] === id));
  if (shown.length > 0) showPrices(shown);
}

function showEndpoint(endpoint: EndpointGpus, view: GpusView): void {
  const { need, obstacle } = endpoint;
  const parts = need?.parts.map(({ what, memoryBytes }) => `${what} ${needGigabytes(memoryBytes)}`);
  print(
    `\n${fields([
      ['endpoint', endpoint.name],
      ['a worker needs', needText(endpoint)],
      ['made of', parts?.length ? parts.join(', ') : undefined],
      ['known from', need?.source ?? (need ? '`gpu` in spillway.yaml' : undefined)],
      ['cards here', hereText(endpoint, view)],
      ['no room', obstacle],
    ])}`,
  );
  const pools = poolsOf(endpoint, view);
  if (!need || pools.length === 0) return;
  const price = (perSecond: number | undefined, perHour: number | undefined) =>
    perSecond === undefined || perHour === undefined
      ? ['-', '-']
      : [secondText(perSecond * need.count), hourText(perHour * need.count)];
  const columns = [
    ...[{ title: 'RunPod pool' }, { title: 'cards' }, { title: 'memory', isNumber: true }],
    ...[
      { title: 'flex, a second', isNumber: true },
      { title: 'an hour', isNumber: true },
    ],
    ...[
      { title: 'active, a second', isNumber: true },
      { title: 'an hour', isNumber: true },
    ],
    { title: 'price of' },
  ];
  const rows = pools.map((pool) => [
    ...[pool.id, pool.cards.join(', '), `${pool.memoryGb} GB`],
    ...price(pool.flexPerSecond, pool.flexPerHour),
    ...price(pool.activePerSecond, pool.activePerHour),
    pool.price.asOf,
  ]);
  print(`\n${table(columns, rows)}`);
  showPrices(pools);
}

function needText({ need, usesNone }: EndpointGpus): string {
  if (usesNone) return 'none';
  if (!need) return 'not known; `gpu: { memory: 6g }` in spillway.yaml states it';
  const each = needGigabytes(need.memoryBytes);
  const amount = need.count === 1 ? each : `${need.count} cards with ${each}`;
  return need.isPlaced ? amount : `${amount}; runs on the CPU here`;
}

function hereText({ need, cards }: EndpointGpus, view: GpusView): string {
  if (!need) return '-';
  if (cards.length === 0) return view.cards.length === 0 ? 'none' : 'none that is large enough';
  return view.cards
    .filter(({ id }) => cards.includes(id))
    .map(({ index, part }) => (part === undefined ? String(index) : `${index} (${part})`))
    .join(', ');
}

function poolsOf({ pools }: EndpointGpus, view: GpusView): readonly GpuPoolView[] {
  return pools.flatMap((id) => view.pools.find((pool) => pool.id === id) ?? []);
}

function cheapestText(endpoint: EndpointGpus, view: GpusView): string {
  const { need } = endpoint;
  if (!need) return '-';
  const [pool] = poolsOf(endpoint, view);
  if (!pool) return 'none is large enough';
  const { flexPerSecond, flexPerHour } = pool;
  return `${pool.id}: ${secondText(flexPerSecond * need.count)} a second, ${hourText(flexPerHour * need.count)} an hour`;
}

/** Where the prices are from; each source once. */
function showPrices(pools: readonly GpuPoolView[]): void {
  const sources = new Set(pools.map(({ price }) => `prices of ${price.asOf}: ${price.source}`));
  print(style('dim', `\nUS dollars for one worker; ${[...sources].join('. ')}.`));
}
