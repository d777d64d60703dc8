import type { EstimatedPlace, EstimateView } from '@spillway/protocol/v1';
import type { EstimateOptions } from '../commands/usage.ts';
import { resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson, table } from '../output.ts';
import { dollars, span } from './cost-texts.ts';

/** The whole of `spillway estimate`. */
export async function showEstimate(endpoint: string, options: EstimateOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const view = await api.post<EstimateView>('/v1/estimate', { endpoint, jobs: options.jobs });
  if (options.json) printJson(view);
  else printEstimate(view);
}

export function printEstimate({ endpoint, jobs, places }: EstimateView): void {
  print(`${jobs} ${jobs === 1 ? 'job' : 'jobs'} of ${endpoint}, if all ran in one place:\n`);
  const columns = [
    ...[{ title: 'where' }, { title: 'measured', isNumber: true }, { title: 'one takes', isNumber: true }],
    ...[
      { title: 'at once', isNumber: true },
      { title: 'all take', isNumber: true },
    ],
    ...['an hour', 'expected', 'if all are slow', 'at most'].map((title) => ({ title, isNumber: true })),
  ];
  print(table(columns, places.map(row)));
  for (const { place, notes } of places) for (const one of notes) note(`${nameOf(place)}: ${one}`);
}

const nameOf = (place: EstimatedPlace['place']): string => (place === 'local' ? 'here' : 'RunPod');

function row(one: EstimatedPlace): string[] {
  const time = (ms: number | undefined) => (ms === undefined ? 'unknown' : span(ms));
  const money = (micros: number | undefined) => (micros === undefined ? 'unknown' : dollars(micros));
  const price = one.priceClass === undefined ? 'unknown' : `${one.priceClass} ${money(one.microsPerHour)}`;
  return [
    ...[nameOf(one.place), String(one.measuredAttempts), time(one.meanMs)],
    ...[String(one.atOnce), time(one.durationMs), price],
    ...[money(one.expectedMicros), money(one.highMicros), money(one.mostMicros)],
  ];
}
