import { Command } from 'commander';
import type { GpusOptions } from '../gpus/show-gpus.ts';
import { dataOption, jsonOption } from './options.ts';

export function gpusCommand(): Command {
  return new Command('gpus')
    .description(
      'graphics cards, the workers on them, which cards endpoints need, and what they cost at RunPod',
    )
    .argument('[endpoint]', 'only this one, with all pools of RunPod that are large enough')
    .option('--refresh', "ask RunPod for its prices first (RUNPOD_API_KEY, or the gateway's key)")
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (endpoint: string | undefined, options: GpusOptions) => {
      const { showGpus } = await import('../gpus/show-gpus.ts');
      await showGpus(endpoint, options);
    })
    .addHelpText(
      'after',
      `
Where no gateway runs it shows this machine's cards and the needs that ./spillway.yaml tells of. RunPod's prices are those
of its catalogue as it was read last (a gateway reads it once a day), else those that this version was made with; each has
its date.

Examples:
  spillway gpus                           all cards and endpoints
  spillway gpus detect                    what detect needs, where it fits, what it costs there
  spillway gpus --json | jq '.cards[].freeBytes'`,
    );
}
