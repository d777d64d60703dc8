import { EXIT } from '../cli-error.ts';
import type { ConnectionOptions } from '../connection.ts';
import { print, printJson, style } from '../output.ts';
import { type CheckResult, runChecks } from '../smoke/check.ts';
import { bucketChecks } from './bucket-checks.ts';
import { readBucketContext } from './bucket-context.ts';
import { gatewayChecks } from './gateway-checks.ts';

export interface StatusOptions extends ConnectionOptions {
  readonly config?: string;
  readonly json?: boolean;
}

const WORDS = {
  PASSED: ['ok', 'green'],
  FAILED: ['failed', 'red'],
  SKIPPED: ['skipped', 'yellow'],
} as const;
const WORD_WIDTH = 'skipped'.length;

/** Looks at everything between here and a stored byte, a line for each. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const context = await readBucketContext(options.config);
  const checks = [
    ...(context.settings ? bucketChecks(context.settings, context) : []),
    ...gatewayChecks(options, context),
  ];
  const width = Math.max(...checks.map(({ name }) => name.length));
  const results = await runChecks(checks, {
    signal: new AbortController().signal,
    onResult: (result) => {
      if (!options.json) print(lineOf(result, width));
    },
    now: () => performance.now(),
  });
  const isOk = results.every(({ status }) => status !== 'FAILED');
  if (options.json) {
    const shown = results.map(({ name, status, detail }) => ({ name, status: WORDS[status][0], detail }));
    printJson({ ok: isOk, store: context.settings?.provider ?? 'disk', checks: shown });
  }
  if (!isOk) process.exitCode = EXIT.failed;
}

function lineOf({ name, status, detail }: CheckResult, width: number): string {
  const [word, colour] = WORDS[status];
  return `${style(colour, word.padEnd(WORD_WIDTH))}  ${name.padEnd(width)}  ${detail}`;
}
