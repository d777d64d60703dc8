import { parse } from 'node:querystring';

const NONE: Readonly<Record<string, string>> = {};

const MOST_KNOWN = 500;
const LONGEST_KNOWN_CHARS = 96;
/** Of the last ones: a worker says the same with each report. */
const known = new Map<string, Readonly<Record<string, string>>>();

/** The parameters of a query; of one that came several times, the first. The same text may give the same object. */
export function parseQuery(search: string): Readonly<Record<string, string>> {
  if (search === '') return NONE;
  if (search.length > LONGEST_KNOWN_CHARS) return parsed(search);
  const before = known.get(search);
  if (before) return before;
  const query = parsed(search);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(search, query);
  return query;
}

function parsed(search: string): Readonly<Record<string, string>> {
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
