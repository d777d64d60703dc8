import { Command, Option } from 'commander';
import type { EstimateOptions } from '../usage/show-estimate.ts';
import type { CostOptions } from '../usage/show-prices.ts';
import type { UsageOptions } from '../usage/show-usage.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function usageCommand(): Command {
  return new Command('usage')
    .description('what was spent, and on what')
    .option('--by <groups>', 'day, endpoint, key, tag, or several with commas', 'endpoint')
    .option('-e, --endpoint <name>', 'only this endpoint')
    .option('--key <id>', "only jobs of this key; `admin` for the admin's")
    .option('--tag <tag>', 'only jobs with this tag')
    .option('--since <day>', 'first day, such as 2026-11-01 (UTC; default: 30 days)')
    .option('--until <day>', 'last day (default: today)')
    .addOption(new Option('--csv', 'print CSV for a spreadsheet').conflicts('json'))
    .addOption(jsonOption())
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
Examples:
  spillway usage                                  the last 30 days by endpoint, and how budgets stand
  spillway usage --by day,endpoint --since 2026-11-01
  spillway usage --by tag --endpoint clip --csv > november.csv`,
    )
    .action(async (options: UsageOptions) => {
      const { showUsage } = await import('../usage/show-usage.ts');
      await showUsage(options);
    });
}

export function estimateCommand(): Command {
  return new Command('estimate')
    .description('what jobs would cost and take, from those that were measured')
    .argument('<endpoint>', 'name of the endpoint')
    .option('-n, --jobs <n>', 'how many jobs', wholeNumber(1, 100_000_000), 1)
    .addOption(jsonOption())
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
Examples:
  spillway estimate clip --jobs 100000
  spillway run clip *.jpg --dry-run               the same for inputs that lie there`,
    )
    .action(async (endpoint: string, options: EstimateOptions) => {
      const { showEstimate } = await import('../usage/show-estimate.ts');
      await showEstimate(endpoint, options);
    });
}

export function pricesCommand(): Command {
  return new Command('prices')
    .description('what workers cost, each price with its date and source')
    .option('--refresh', "read RunPod's catalogue of prices first")
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (options: CostOptions) => {
      const { showPrices } = await import('../usage/show-prices.ts');
      await showPrices(options);
    });
}
