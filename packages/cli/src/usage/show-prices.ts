import type { PricesView } from '@spillway/protocol/v1';
import { CliError } from '../cli-error.ts';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { print, printJson, table } from '../output.ts';
import { originText, problemOf } from './catalogue-texts.ts';
import { dollars } from './cost-texts.ts';

export interface CostOptions extends ConnectionOptions {
  readonly refresh?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway prices`. */
export async function showPrices(options: CostOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const view = options.refresh
    ? await api.post<PricesView>('/v1/prices/refresh', {})
    : await api.get<PricesView>('/v1/prices');
  if (options.json) printJson(view);
  else printPrices(view);
  const problem = options.refresh ? problemOf(view) : undefined;
  if (problem === undefined) return;
  throw new CliError('NOT_REFRESHED', `RunPod's prices were not read anew: ${problem}`);
}

function printPrices(view: PricesView): void {
  const columns = [
    ...[{ title: 'worker' }, { title: 'an hour', isNumber: true }, { title: 'always on', isNumber: true }],
    ...[{ title: 'as of' }, { title: 'source' }],
  ];
  const rows = view.workers.map((one) => [
    ...[one.class, dollars(one.microsPerHour)],
    alwaysOn(one),
    ...[one.asOf ?? '-', one.source],
  ]);
  print(table(columns, rows));
  const storage = view.storage.map((one) => [
    ...[one.what, dollars(one.microsPerGbMonth), one.asOf, one.source],
  ]);
  const spaces = [
    ...[{ title: 'space at RunPod' }, { title: 'a GB and month', isNumber: true }],
    ...[{ title: 'as of' }, { title: 'source' }],
  ];
  print(`\n${table(spaces, storage)}`);
  if (view.pods.length > 0) print(`\n${podTable(view.pods)}`);
  print(`\nUS dollars; ${originText(view)}. \`prices\` in spillway.yaml overrides those of workers.`);
}

function podTable(pods: PricesView['pods']): string {
  const price = (micros: number | undefined) => (micros === undefined ? '-' : dollars(micros));
  const columns = [
    ...[{ title: 'card of a pod' }, { title: 'memory', isNumber: true }],
    ...[
      { title: 'secure, an hour', isNumber: true },
      { title: 'community, an hour', isNumber: true },
    ],
  ];
  const rows = pods.map(({ name, memoryGb, secureMicrosPerHour, communityMicrosPerHour }) => [
    ...[name, `${memoryGb} GB`, price(secureMicrosPerHour), price(communityMicrosPerHour)],
  ]);
  return table(columns, rows);
}

/** Workers that RunPod does not bill have one price. */
function alwaysOn({ class: name, activeMicrosPerHour }: PricesView['workers'][number]): string {
  if (name === 'local' || name === 'pool') return '-';
  return activeMicrosPerHour === undefined ? 'unknown' : dollars(activeMicrosPerHour);
}
