import type { BudgetsView, UsageRowView, UsageView } from '@spillway/protocol/v1';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi, type GatewayApi, type Query } from '../gateway-api.ts';
import { note, print, printJson, style, table } from '../output.ts';
import { dollars, span } from './cost-texts.ts';

export interface UsageOptions extends ConnectionOptions {
  readonly by: string;
  readonly endpoint?: string;
  readonly key?: string;
  readonly tag?: string;
  readonly since?: string;
  readonly until?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** The whole of `spillway usage`. */
export async function showUsage(options: UsageOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const { by, endpoint, key, tag, since, until } = options;
  const query = { groupBy: by, endpoint, key, tag, since, until };
  if (options.csv) return printCsv(api, query);
  const view = await api.get<UsageView>('/v1/usage', query);
  if (options.json) return printJson(view);
  const { rows, total } = view;
  print(style('dim', `${view.since} to ${view.until}, UTC`));
  if (rows.length === 0) print('nothing ended on those days');
  else
    print(
      table(
        columnsFor(by.split(',')),
        rows.map((row) => cells(row, by.split(','))),
      ),
    );
  print(`\nin all ${dollars(total.costMicros)} for ${total.attempts} attempts`);
  if (total.unpricedAttempts > 0) {
    note(
      `${total.unpricedAttempts} attempts at RunPod are in no cost: \`gpuPool\` in their endpoint's backend says what they cost`,
    );
  }
  if (total.unseenSubmits > 0) {
    const [submits, took] = total.unseenSubmits === 1 ? ['submit', 'it'] : ['submits', 'them'];
    note(
      `${total.unseenSubmits} ${submits} to RunPod got no answer; if RunPod took ${took}, that cost up to ${dollars(total.possibleMicros)}, which is in no sum until its bill is read`,
    );
  }
  await showBudgets(api);
}

async function printCsv(api: GatewayApi, query: Query): Promise<void> {
  const answer = await api.text('/v1/usage', { ...query, format: 'csv' }, new AbortController().signal);
  for await (const chunk of answer?.chunks ?? []) process.stdout.write(chunk);
}

const columnsFor = (groups: readonly string[]) => [
  ...groups.map((title) => ({ title })),
  { title: 'what' },
  { title: 'attempts', isNumber: true },
  { title: 'completed', isNumber: true },
  { title: 'time', isNumber: true },
  { title: 'start-up', isNumber: true },
  { title: 'idle', isNumber: true },
  { title: 'cost', isNumber: true },
];

const WHATS = {
  attempts: 'jobs',
  workers: 'start-up and idle',
  runpod: "rest of RunPod's bill",
  'runpod-estimate': 'idle at RunPod (estimated)',
  'runpod-volumes': 'network volumes',
  possible: 'perhaps done at RunPod',
} as const;

function cells(row: UsageRowView, groups: readonly string[]): string[] {
  const { kind, attempts, completed, executionMs, startUpMs, idleMs, unpricedAttempts } = row;
  const names: Readonly<Record<string, string | undefined>> = { ...row } as never;
  const isWork = kind === 'attempts';
  const name = (group: string) => names[group] || (group === 'tag' && isWork ? '(none)' : '-');
  const isTimed = kind === 'workers' || kind === 'runpod-estimate';
  return [
    ...groups.map(name),
    WHATS[kind],
    ...(isWork ? [String(attempts), String(completed), span(executionMs)] : ['', '', '']),
    ...(isTimed ? [span(startUpMs), span(idleMs)] : ['', '']),
    unpricedAttempts > 0 ? `${dollars(row.costMicros)} + unknown` : costText(row),
  ];
}

/** What is only possible is told apart from what is certain. */
const costText = ({ kind, costMicros, possibleMicros }: UsageRowView): string =>
  kind === 'possible' ? `(up to ${dollars(possibleMicros)})` : dollars(costMicros);

async function showBudgets(api: GatewayApi): Promise<void> {
  const { budgets } = await api.get<BudgetsView>('/v1/budgets');
  if (budgets.length === 0) return;
  const isAnyUnseen = budgets.some(({ possibleMicros }) => possibleMicros > 0);
  const perhaps = isAnyUnseen ? ['perhaps spent'] : [];
  const columns = [
    ...[{ title: 'budget' }, { title: 'of' }, { title: 'a' }],
    ...['limit', 'spent', 'set aside', ...perhaps].map((title) => ({ title, isNumber: true })),
    { title: 'state' },
  ];
  const rows = budgets.map((budget) => [
    budget.isOfSpill ? `${budget.endpoint}: maxCostPerDay` : budget.name,
    [budget.endpoint ?? 'all', ...(budget.key === undefined ? [] : [`key ${budget.key}`])].join(', '),
    budget.per,
    ...[budget.limitMicros, budget.spentMicros, budget.reservedMicros].map(dollars),
    ...(isAnyUnseen ? [dollars(budget.possibleMicros)] : []),
    stateOf(budget),
  ]);
  print(`\n${table(columns, rows)}`);
}

function stateOf({ isUsedUp, hardStop, endsAt, limitMicros, spentMicros }: BudgetsView['budgets'][number]) {
  const percent = `${Math.floor((spentMicros / limitMicros) * 100)} %`;
  if (!isUsedUp) return percent;
  const until = new Date(endsAt).toISOString().slice(0, 10);
  return hardStop ? `used up; jobs wait until ${until}` : `${percent}, and nothing stops`;
}
