import { Argument, Command, Option } from 'commander';
import type { PageOptions } from '../page/run-page.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function pageCommand(): Command {
  return new Command('page')
    .description('make a link to a page for a visitor who has no key')
    .addArgument(new Argument('<page>', 'which page').choices(['ergonomics']))
    .option('-e, --endpoint <name>', 'whose workers do the work', 'ergonomics')
    .option('--expires <duration>', 'how long the link is good, from 1m to 24h', '1h')
    .addOption(
      new Option('--max-gb <n>', 'how much may be uploaded with it')
        .argParser(wholeNumber(1, 5000))
        .default(20),
    )
    .option('--visitor <text>', 'whose it is: a later link of the same visitor goes on with uploads and jobs')
    .option('--at <url>', 'where the page is hosted (default: by the gateway)')
    .option('--out <folder>', 'write the page into a folder instead, to be hosted elsewhere')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (page: string, options: PageOptions) =>
      (await import('../page/run-page.ts')).runPage(page, options),
    )
    .addHelpText(
      'after',
      `
The link carries a token behind its "#", which browsers send to nobody. It uploads, and starts and watches its own jobs.

Examples:
  spillway page ergonomics                                 a link that is good for an hour
  spillway page ergonomics --expires 8h --visitor ward-3   a later link for ward-3 goes on where this one was
  spillway page ergonomics --out public/ergonomics         the page's files, for a server of yours
  spillway page ergonomics --at https://app.example.com/ergonomics/`,
    );
}
