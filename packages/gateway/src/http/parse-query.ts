import { parse } from 'node:querystring';

const NONE: Readonly<Record<string, string>> = {};

/** The parameters of a query; of one that came several times, the first. */
export function parseQuery(search: string): Readonly<Record<string, string>> {
  if (search === '') return NONE;
  const given = parse(search);
  // Nearly always as it is.
  for (const key in given) if (Array.isArray(given[key])) return firstOfEach(given);
  return given as Readonly<Record<string, string>>;
}

function firstOfEach(given: ReturnType<typeof parse>): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, value] of Object.entries(given)) {
    query[key] = (Array.isArray(value) ? value[0] : value) ?? '';
  }
  return query;
}
