import { Command } from 'commander';
import type { EventOptions } from '../events/show-events.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function eventsCommand(): Command {
  return new Command('events')
    .description('show what happened lately to jobs, workers and endpoints')
    .option('-f, --follow', 'what happens from now on, as it happens, until Ctrl-C')
    .option('-e, --endpoint <name>', 'only events of this endpoint')
    .option('-j, --job <id>', 'only events of this job')
    .option('-n, --tail <n>', 'how many of the last events', wholeNumber(0, 10_000), 50)
    .addOption(jsonOption().default(undefined, 'one event a line'))
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
The gateway keeps the last 10000 events in memory, from its start on.

Examples:
  spillway events                          the last ones
  spillway events -f --endpoint detect     as they happen
  spillway events -f --json | jq .type`,
    )
    .action(async (options: EventOptions) => {
      const { showEvents } = await import('../events/show-events.ts');
      await showEvents(options);
    });
}
