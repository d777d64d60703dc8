import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAILURES } from '@spillway/protocol';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../packages/cli/src/main.ts';
import { ERRORS } from '../packages/gateway/src/errors.ts';
import { ROUTES } from '../packages/gateway/src/http/app.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

const DOCS = globSync(
  ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'tools/**/*.md', 'packages/*/*.md', 'packages/*/src/**/*.md'],
  {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules',
  },
).toSorted();

/** What the product makes at run time is in no checkout. */
const MADE = read('.gitignore')
  .split('\n')
  .map((line) => line.replace(/\/$/, ''));
/** First parts of paths into the repository; `docs` alone is a word, `docs/…` is a path. */
const TOP_LEVEL = new Set(
  readdirSync(ROOT).filter((name) => !MADE.includes(name) && !MADE.includes(`/${name}`)),
);

/** Back-ticked paths that begin at the root. Patterns (`*`, `<name>`, `…`) name no single file. */
function pathsIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
  const spans = [...prose.matchAll(/`([^`\s]+)`/g)].map((match) => match[1] ?? '');
  return spans.filter((span) => {
    const parts = span.split('/');
    const [first = ''] = parts;
    const isRooted = TOP_LEVEL.has(first) && (parts.length > 1 || /\.\w+$/.test(first));
    return isRooted && !parts.some((part) => MADE.includes(part)) && !/[*<>{}…$]/.test(span);
  });
}

/** Targets of links, without their anchors; addresses are not followed. */
function linksIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? '').split('#')[0] ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

/** First cells of a table whose header begins with `title`. */
function firstColumn(markdown: string, title: string): string[] {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end < 0 ? rows.length : end).map((row) => /`([^`]+)`/.exec(row)?.[1] ?? row);
}

describe.each(DOCS)('%s', (file) => {
  test('names no path that does not exist', () => {
    expect(pathsIn(read(file)).filter((target) => !existsSync(path.join(ROOT, target)))).toEqual([]);
  });

  test('links to nothing that does not exist', () => {
    const folder = path.dirname(path.join(ROOT, file));
    expect(linksIn(read(file)).filter((target) => !existsSync(path.join(folder, target)))).toEqual([]);
  });
});

test('the documents are found, and their paths are looked at', () => {
  expect(DOCS).toEqual(expect.arrayContaining(['ARCHITECTURE.md', 'README.md', 'docs/errors.md']));
  expect(pathsIn(read('ARCHITECTURE.md')).length).toBeGreaterThan(40);
});

test('every error of a call is documented with its HTTP status, and no other', () => {
  const text = read('docs/errors.md');
  expect(firstColumn(text, 'code').toSorted()).toEqual(Object.keys(ERRORS).toSorted());
  for (const [code, { status }] of Object.entries(ERRORS))
    expect(text).toContain(`| \`${code}\` | ${status} |`);
});

test('every failure of an attempt is documented with its final state and whether it is repeated, and no other', () => {
  const text = read('docs/errors.md');
  expect(firstColumn(text, 'failure').toSorted()).toEqual(Object.keys(FAILURES).toSorted());
  for (const [type, { isRetryable, finalStatus }] of Object.entries(FAILURES)) {
    const again = isRetryable ? 'yes' : 'no';
    expect(text).toMatch(new RegExp(`\\| \`${type}\` \\|[^|]*\\| ${again}[^|]*\\| \`${finalStatus}\` \\|`));
  }
});

test('every call of the HTTP face is documented', () => {
  const text = read('docs/http-api.md');
  const missing = ROUTES.map((route) => route.path.replaceAll(/:(\w+)/g, '{$1}')).filter((route) => {
    // `/v1/workers/{worker}/logs` is written with `{id}`: what a parameter is called is no contract.
    const pattern = route.replaceAll(/[.?*]/g, '\\$&').replaceAll(/\{\w+\}/g, '\\{\\w+\\}');
    return !new RegExp(`${pattern}[?\`]`).test(text);
  });
  expect(missing).toEqual([]);
});

test('the README names every command, and no other', () => {
  const [, row = ''] = /^\| Command line \|(.*)$/m.exec(read('README.md')) ?? [];
  const named = [...row.matchAll(/`([a-z]+)`/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(
    createProgram()
      .commands.map((command) => command.name())
      .toSorted(),
  );
});

test('the README links to every document', () => {
  const documents = DOCS.filter((file) => file.startsWith('docs/'));
  expect(documents.filter((file) => !linksIn(read('README.md')).includes(file))).toEqual([]);
});

test('the changelog has a head for what is not released yet, and every released version a date', () => {
  const heads = read('CHANGELOG.md')
    .split('\n')
    .filter((line) => line.startsWith('## '));
  expect(heads[0]).toBe('## Unreleased');
  for (const head of heads.slice(1)) expect(head).toMatch(/^## \d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\)$/);
});

test('all packages carry one version', () => {
  const manifests = globSync(['package.json', 'packages/*/package.json', 'e2e/package.json'], { cwd: ROOT });
  const versions = manifests.map((file) => (JSON.parse(read(file)) as { version: string }).version);
  expect(manifests.length).toBeGreaterThan(5);
  expect(new Set(versions).size).toBe(1);
});
