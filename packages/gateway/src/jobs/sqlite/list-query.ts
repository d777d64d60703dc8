import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JobFilter } from '../job-store.ts';
import type { JobRow } from './job-row.ts';

/** Runs a list query: one row more than the page, which tells whether another page follows. */
export type ListQuery = (filter: JobFilter) => readonly JobRow[];

/** Columns of a list: not the users' values, which may be large. */
const HIDDEN = ['progress'];

export function createListQuery(db: DatabaseSync): ListQuery {
  const prepared = new Map<string, StatementSync>();
  const columns = db
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all('jobs')
    .map((row) => String(row.name))
    .filter((name) => !HIDDEN.includes(name))
    .join(', ');
  return (filter) => {
    const conditions = conditionsOf(filter);
    const where = conditions.map(([text]) => text).join(' AND ');
    const text = `SELECT ${columns} FROM jobs WHERE ${where} ORDER BY seq DESC LIMIT ?`;
    const statement = prepared.get(text) ?? db.prepare(text);
    prepared.set(text, statement);
    return statement.all(...conditions.map(([, value]) => value), filter.limit + 1) as JobRow[];
  };
}

function conditionsOf(filter: JobFilter): [string, string | number][] {
  const { cursor, tag, endpoint, endpoints, status, since, until } = filter;
  const conditions: [string, string | number][] = [
    ['seq < ?', cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor)],
  ];
  if (tag !== undefined) conditions.push(['seq IN (SELECT t.seq FROM job_tags t WHERE t.tag = ?)', tag]);
  if (endpoint !== undefined) conditions.push(['endpoint = ?', endpoint]);
  // One text for any number of them, so that it is prepared once.
  if (endpoints !== undefined)
    conditions.push(['endpoint IN (SELECT value FROM json_each(?))', JSON.stringify(endpoints)]);
  if (status !== undefined) conditions.push(['status = ?', status]);
  if (since !== undefined) conditions.push(['created_at >= ?', since]);
  if (until !== undefined) conditions.push(['created_at < ?', until]);
  return conditions;
}
