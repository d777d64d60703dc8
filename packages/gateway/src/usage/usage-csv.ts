import type { UsageRowView } from '@spillway/protocol/v1';
import { decimalDollars } from './money.ts';

/** Usage for spreadsheets (RFC 4180): seconds and dollars as decimals, exact. */
const COLUMNS: readonly (readonly [title: string, value: (row: UsageRowView) => string | number])[] = [
  ['kind', ({ kind }) => kind],
  ['day', ({ day }) => day ?? ''],
  ['endpoint', ({ endpoint }) => endpoint ?? ''],
  ['key', ({ key }) => key ?? ''],
  ['tag', ({ tag }) => tag ?? ''],
  ['attempts', ({ attempts }) => attempts],
  ['completed', ({ completed }) => completed],
  ['execution_seconds', ({ executionMs }) => seconds(executionMs)],
  ['charged_seconds', ({ chargedSeconds }) => chargedSeconds],
  ['unpriced_attempts', ({ unpricedAttempts }) => unpricedAttempts],
  ['start_up_seconds', ({ startUpMs }) => seconds(startUpMs)],
  ['idle_seconds', ({ idleMs }) => seconds(idleMs)],
  ['cost_usd', ({ costMicros }) => decimalDollars(costMicros)],
  ['unseen_submits', ({ unseenSubmits }) => unseenSubmits],
  ['possible_cost_usd', ({ possibleMicros }) => decimalDollars(possibleMicros)],
];

export function usageCsv(rows: readonly UsageRowView[]): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    ...rows.map((row) => COLUMNS.map(([, value]) => cell(value(row)))),
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);

/** Tags and names are their writers': a spreadsheet must not take one for a formula. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const isFormula = /^[=+@\t\r]|^-(?![\d.]+$)/.test(value);
  const text = isFormula ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
