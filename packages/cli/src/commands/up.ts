import { Command, Option } from 'commander';
import type { UpOptions } from '../up/run-gateway.ts';
import { wholeNumber } from './options.ts';

export function upCommand(): Command {
  return new Command('up')
    .description('start a gateway on this machine, until Ctrl-C')
    .option(
      '--config <file>',
      'configuration file (default: ./spillway.yaml if it is there, else the defaults)',
    )
    .option(
      '--port <n>',
      'port to listen on instead of the configured one; 0 takes a free one',
      wholeNumber(0, 65_535),
    )
    .option('--data <dir>', 'folder of jobs, results, logs and keys instead of the configured one')
    .addOption(
      new Option('--log-level <level>', 'how much to tell')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option('--json', 'log as JSON lines on stdout; the one with "event":"ready" comes when it is')
    .addHelpText(
      'after',
      `
Without a file it listens on 127.0.0.1:8080, keeps its data in ./.spillway and offers every built-in worker as an
endpoint of the same name. Workers are started when jobs come and stopped when none do. The first Ctrl-C lets running
jobs finish for a while, the second stops at once.

The admin key is SPILLWAY_ADMIN_KEY; without it one is made at the first start, shown once and kept in the data
directory, where the other commands find it.

Examples:
  spillway up                                     defaults
  spillway up --config gpu-box.yaml --port 9000
  spillway up --json | jq -r 'select(.event == "ready").url'`,
    )
    .action(async (options: UpOptions) => {
      const { runGateway } = await import('../up/run-gateway.ts');
      await runGateway(options);
    });
}
