import type { UsageGroup, UsageRowView, UsageView } from '@spillway/protocol/v1';
import { DAY_MS, dayOf, dayText } from './periods.ts';
import { type IdleTimes, readRemoteLines } from './remote-lines.ts';
import type { ReadAside, Value } from './sqlite/read-aside.ts';
import { ATTEMPTS_OF_WORKERS, ENTRIES, LIVES, UNSEEN } from './sqlite/usage-queries.ts';
import { lifeOf } from './sqlite/usage-store.ts';
import { costOfLife, lifeWithin, startUpWithin, type WorkerLife } from './worker-life.ts';

/** What is asked for. Whole days, the last one included. */
export interface UsageQuery {
  readonly sinceDay: number;
  readonly untilDay: number;
  readonly endpoint?: string | undefined;
  /** Only of these; absent: of all. */
  readonly endpoints?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly tag?: string | undefined;
  readonly groupBy: readonly UsageGroup[];
}

type Amounts = UsageView['total'];

const ADMIN = 'admin';
const COLUMNS: Readonly<Record<UsageGroup, string>> = {
  day: 'e.day',
  endpoint: 'e.endpoint',
  key: 'e.key_id',
  tag: 't.value',
};

const NOTHING: Amounts = {
  ...{ attempts: 0, completed: 0, executionMs: 0, chargedSeconds: 0, unpricedAttempts: 0 },
  ...{ startUpMs: 0, idleMs: 0, costMicros: 0, unseenSubmits: 0, possibleMicros: 0 },
};

/** How long jobs of endpoints that may go to RunPod may run, in milliseconds. */
export type ExecutionTimeouts = Readonly<Record<string, number>>;

/** What is known of the endpoints that may go to RunPod, by their names. */
export interface RemoteSettings {
  readonly idle: IdleTimes;
  readonly timeouts: ExecutionTimeouts;
}

const NO_REMOTES: RemoteSettings = { idle: {}, timeouts: {} };

/** What was spent, by whatever it is to be told apart by. Each answer is of one moment. */
export async function readUsage(
  read: ReadAside,
  query: UsageQuery,
  now: number,
  { idle, timeouts }: RemoteSettings = NO_REMOTES,
): Promise<UsageView> {
  const { sinceDay, untilDay, groupBy } = query;
  const bothWays = (sums: (groups: readonly UsageGroup[]) => Promise<Line[]>) =>
    Promise.all([sums(groupBy), sums([])]);
  const [[work, all], [unseen, allUnseen]] = await Promise.all([
    bothWays((groups) => readWork(read, query, groups)),
    bothWays((groups) => readUnseen(read, query, groups, timeouts)),
  ]);
  // Start-up and idle time are nobody's job.
  const hasWorkers = query.key === undefined && query.tag === undefined;
  const lines = hasWorkers
    ? (await Promise.all([readLines(read, query, now), readRemote(read, query, now, idle)])).flat()
    : [];
  const rows = [...work, ...unseen, ...groupLines(lines, groupBy)].map(named);
  return {
    since: dayText(sinceDay),
    until: dayText(untilDay),
    rows: rows.toSorted(inOrder),
    total: [...all, ...allUnseen, ...lines].reduce(add, NOTHING),
  };
}

interface Line extends Amounts {
  readonly kind: UsageRowView['kind'];
  readonly day?: number;
  readonly endpoint?: string;
  readonly key?: string;
  readonly tag?: string;
}

/** Sums of such entries, by whatever they are to be told apart by. */
function sumsOf(entries: string, sums: string, groupBy: readonly UsageGroup[]): string {
  const columns = groupBy.map((group) => COLUMNS[group]);
  const tags = groupBy.includes('tag') ? `, json_each(iif(e.tags = '', '[""]', e.tags)) t` : '';
  return `${entries} SELECT ${groupBy.map((group) => `${COLUMNS[group]} AS "${group}", `).join('')}
    ${sums} FROM entries e${tags} ${columns.length === 0 ? '' : `GROUP BY ${columns.join(', ')}`}`;
}

function askedBy({ sinceDay, untilDay, endpoint, endpoints, key, tag }: UsageQuery): Value[] {
  return [
    ...[sinceDay * DAY_MS, (untilDay + 1) * DAY_MS, endpoint ?? null],
    ...[endpoints ? JSON.stringify(endpoints) : null, key === ADMIN ? '' : (key ?? null), tag ?? null],
  ];
}

function groupOf(row: Readonly<Record<string, Value>>): Omit<Line, keyof Amounts | 'kind'> {
  return {
    ...(typeof row.day === 'number' ? { day: row.day } : {}),
    ...(typeof row.endpoint === 'string' ? { endpoint: row.endpoint } : {}),
    ...(typeof row.key === 'string' ? { key: row.key === '' ? ADMIN : row.key } : {}),
    ...(typeof row.tag === 'string' ? { tag: row.tag } : {}),
  };
}

const WORK_SUMS = `sum(attempts) AS attempts, sum(completed) AS completed, sum(ms) AS ms, sum(seconds) AS seconds,
  sum(unpriced) AS unpriced, sum(cost) AS cost`;

async function readWork(read: ReadAside, query: UsageQuery, groupBy: readonly UsageGroup[]): Promise<Line[]> {
  return (await read(sumsOf(ENTRIES, WORK_SUMS, groupBy), askedBy(query))).map((row) => ({
    ...{ kind: 'attempts', ...groupOf(row), ...NOTHING },
    attempts: Number(row.attempts ?? 0),
    completed: Number(row.completed ?? 0),
    executionMs: Number(row.ms ?? 0),
    chargedSeconds: Number(row.seconds ?? 0),
    unpricedAttempts: Number(row.unpriced ?? 0),
    costMicros: Number(row.cost ?? 0),
  }));
}

/** What may have been done at RunPod for submits that were never answered. */
async function readUnseen(
  read: ReadAside,
  query: UsageQuery,
  groupBy: readonly UsageGroup[],
  timeouts: ExecutionTimeouts,
): Promise<Line[]> {
  const text = sumsOf(UNSEEN, 'sum(unseen) AS unseen, sum(possible) AS possible', groupBy);
  const rows = await read(text, [...askedBy(query), JSON.stringify(timeouts)]);
  return rows
    .map((row) => ({
      ...{ kind: 'possible' as const, ...groupOf(row), ...NOTHING },
      unseenSubmits: Number(row.unseen ?? 0),
      possibleMicros: Number(row.possible ?? 0),
    }))
    .filter(({ unseenSubmits }) => unseenSubmits > 0);
}

/** The endpoint's line of each day: what its workers' lives cost beside their attempts. */
async function readLines(read: ReadAside, query: UsageQuery, now: number): Promise<Line[]> {
  const { sinceDay, untilDay, endpoint, endpoints } = query;
  const range = [sinceDay * DAY_MS, (untilDay + 1) * DAY_MS];
  const [lives, attempts] = await Promise.all([read(LIVES, range), read(ATTEMPTS_OF_WORKERS, range)]);
  const worked = new Map(
    attempts.map((row) => [`${row.worker_id} ${row.day}`, { cost: Number(row.cost), ms: Number(row.ms) }]),
  );
  const isAsked = (life: WorkerLife) =>
    (endpoint === undefined || life.endpoint === endpoint) && (endpoints?.includes(life.endpoint) ?? true);
  return lives
    .map(lifeOf)
    .filter(isAsked)
    .flatMap((life) => {
      const last = Math.min(untilDay, dayOf(life.endedAt ?? now));
      const lines: Line[] = [];
      for (let day = Math.max(sinceDay, dayOf(life.startedAt)); day <= last; day += 1)
        lines.push(lineOf(life, day, now, worked.get(`${life.workerId} ${day}`)));
      return lines;
    });
}

function lineOf(life: WorkerLife, day: number, now: number, work = { cost: 0, ms: 0 }): Line {
  const from = day * DAY_MS;
  const until = Math.min(now, from + DAY_MS);
  const startUpMs = startUpWithin(life, from, until);
  return {
    ...{ kind: 'workers', day, endpoint: life.endpoint, ...NOTHING, startUpMs },
    idleMs: Math.max(0, lifeWithin(life, from, until) - startUpMs - work.ms),
    costMicros: costOfLife(life, from, until) - work.cost,
  };
}

/** The lines of endpoints at RunPod. */
async function readRemote(
  read: ReadAside,
  { sinceDay, untilDay, endpoint, endpoints }: UsageQuery,
  now: number,
  idle: IdleTimes,
): Promise<Line[]> {
  const range = { from: sinceDay * DAY_MS, until: (untilDay + 1) * DAY_MS, now };
  const isAsked = (name: string) =>
    (endpoint === undefined || name === endpoint) && (endpoints?.includes(name) ?? true);
  return (
    (await readRemoteLines(read, range, idle))
      .filter(
        ({ endpoint: name, kind, idleMs }) => isAsked(name) && (kind !== 'runpod-estimate' || idleMs > 0),
      )
      // Its attempts are told by lines of their own.
      .map((line) => ({ ...NOTHING, ...line, attempts: 0 }))
  );
}

function groupLines(lines: readonly Line[], groupBy: readonly UsageGroup[]): Line[] {
  const sums = new Map<string, Line>();
  for (const line of lines) {
    const { kind, day, endpoint } = line;
    const group = {
      kind,
      ...(groupBy.includes('day') && day !== undefined ? { day } : {}),
      ...(groupBy.includes('endpoint') && endpoint !== undefined ? { endpoint } : {}),
    };
    const name = JSON.stringify(group);
    sums.set(name, { ...group, ...add(sums.get(name) ?? NOTHING, line) });
  }
  return [...sums.values()];
}

function add(a: Amounts, b: Amounts): Amounts {
  return {
    attempts: a.attempts + b.attempts,
    completed: a.completed + b.completed,
    executionMs: a.executionMs + b.executionMs,
    chargedSeconds: a.chargedSeconds + b.chargedSeconds,
    unpricedAttempts: a.unpricedAttempts + b.unpricedAttempts,
    startUpMs: a.startUpMs + b.startUpMs,
    idleMs: a.idleMs + b.idleMs,
    costMicros: a.costMicros + b.costMicros,
    unseenSubmits: a.unseenSubmits + b.unseenSubmits,
    possibleMicros: a.possibleMicros + b.possibleMicros,
  };
}

function named({ day, ...row }: Line): UsageRowView {
  return day === undefined ? row : { ...row, day: dayText(day) };
}

/** By day, then by name; work before the line of its endpoint. */
function inOrder(a: UsageRowView, b: UsageRowView): number {
  const text = ({ day = '', endpoint = '', key = '', tag = '', kind }: UsageRowView) =>
    [day, endpoint, kind === 'attempts' ? 0 : kind, key, tag].join('\u0000');
  return text(a) < text(b) ? -1 : 1;
}
