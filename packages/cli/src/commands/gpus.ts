import { Command } from 'commander';
import type { ConnectionOptions } from '../connection.ts';
import { dataOption, jsonOption } from './options.ts';

export interface GpusOptions extends ConnectionOptions {
  readonly json?: boolean;
}

export function gpusCommand(): Command {
  return new Command('gpus')
    .description(
      'graphics cards, the workers on them, which cards endpoints need, and what they cost at RunPod',
    )
    .argument('[endpoint]', 'only this one, with all pools of RunPod that are large enough')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (endpoint: string | undefined, options: GpusOptions) => {
      const { showGpus } = await import('../gpus/show-gpus.ts');
      await showGpus(endpoint, options);
    })
    .addHelpText(
      'after',
      `
Where no gateway runs it shows this machine's cards and the needs that ./spillway.yaml tells of. RunPod is not asked:
its prices are those that this version was made with, each with its date.

Examples:
  spillway gpus                           all cards and endpoints
  spillway gpus detect                    what detect needs, where it fits, what it costs there
  spillway gpus --json | jq '.cards[].freeBytes'`,
    );
}
