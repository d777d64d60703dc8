import type { EstimatedPlace, EstimateView } from '@spillway/protocol/v1';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson, table } from '../output.ts';
import { dollars, span } from './cost-texts.ts';

export interface EstimateOptions extends ConnectionOptions {
  readonly jobs: number;
  readonly json?: boolean;
}

/** The whole of `spillway estimate`. */
export async function showEstimate(endpoint: string, options: EstimateOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const view = await api.post<EstimateView>('/v1/estimate', { endpoint, jobs: options.jobs });
  if (options.json) printJson(view);
  else printEstimate(view);
}

function printEstimate({ endpoint, jobs, places, mix }: EstimateView): void {
  print(`${jobs} ${jobs === 1 ? 'job' : 'jobs'} of ${endpoint}, if all ran in one place:\n`);
  const columns = [
    ...[{ title: 'where' }, { title: 'share', isNumber: true }],
    ...[
      { title: 'measured', isNumber: true },
      { title: 'one takes', isNumber: true },
    ],
    ...[
      { title: 'at once', isNumber: true },
      { title: 'all take', isNumber: true },
    ],
    ...['an hour', 'expected', 'if all are slow', 'at most'].map((title) => ({ title, isNumber: true })),
  ];
  print(table(columns, places.map(row)));
  if (places.length > 1) print(`\n${mixText(mix)}`);
  for (const place of places) {
    if (place.besideMicros !== undefined)
      print(
        `${nameOf(place)}: start-up and idle time about ${dollars(place.besideMicros)} more, by RunPod's bills so far`,
      );
  }
  for (const place of places) for (const one of place.notes) note(`${nameOf(place)}: ${one}`);
}

function mixText({ expectedMicros, cheapestMicros, dearestMicros }: EstimateView['mix']): string {
  const range =
    cheapestMicros === undefined || dearestMicros === undefined
      ? 'the range is unknown, since not every place was measured and has a price'
      : `from ${dollars(cheapestMicros)} to ${dollars(dearestMicros)}, depending on where they run`;
  return expectedMicros === undefined
    ? `in all: ${range}`
    : `in all about ${dollars(expectedMicros)}, if they are spread as in the last 30 days; ${range}`;
}

const NAMES = { local: 'here', pool: 'pool' } as const;

const nameOf = ({ place, remoteEndpoint }: EstimatedPlace): string =>
  place === 'runpod' ? `RunPod ${remoteEndpoint ?? ''}`.trimEnd() : NAMES[place];

function row(one: EstimatedPlace): string[] {
  const time = (ms: number | undefined) => (ms === undefined ? 'unknown' : span(ms));
  const money = (micros: number | undefined) => (micros === undefined ? 'unknown' : dollars(micros));
  const price = one.priceClass === undefined ? 'unknown' : `${one.priceClass} ${money(one.microsPerHour)}`;
  return [
    ...[nameOf(one), one.share === undefined ? '-' : `${Math.round(one.share * 100)} %`],
    ...[String(one.measuredAttempts), time(one.meanMs)],
    ...[String(one.atOnce), time(one.durationMs), price],
    ...[money(one.expectedMicros), money(one.highMicros), money(one.mostMicros)],
  ];
}
