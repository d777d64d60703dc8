import type { PricesView } from '@spillway/protocol/v1';
import type { CostOptions } from '../commands/usage.ts';
import { resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { print, printJson, table } from '../output.ts';
import { dollars } from './cost-texts.ts';

/** The whole of `spillway prices`. */
export async function showPrices(options: CostOptions): Promise<void> {
  const view = await createGatewayApi(await resolveConnection(options)).get<PricesView>('/v1/prices');
  if (options.json) return printJson(view);
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
  print('\nUS dollars. Prices of pods are not known; `prices` in spillway.yaml overrides those of workers.');
}

/** Workers that RunPod does not bill have one price. */
function alwaysOn({ class: name, activeMicrosPerHour }: PricesView['workers'][number]): string {
  if (name === 'local' || name === 'pool') return '-';
  return activeMicrosPerHour === undefined ? 'unknown' : dollars(activeMicrosPerHour);
}
