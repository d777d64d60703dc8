import { Command } from 'commander';
import type { RunPodOptions } from '../pods/pod-options.ts';
import { collect, configOption, dataOption, jsonOption, wholeNumber } from './options.ts';

export function podsCommand(): Command {
  const pods = new Command('pods')
    .description('pods at RunPod: run a command or a worker on one that ends itself; list and stop them')
    .helpCommand(false);
  for (const create of [runCommand, listCommand, stopCommand]) pods.addCommand(create());
  return pods.addHelpText(
    'after',
    `
Examples:
  spillway pods run --vram 24g --image acme/batch:1 --max-cost 2 -- python3 batch.py --list clips.txt
  spillway pods run --join clip --gpu "NVIDIA A40" --url https://gpu.example.com --idle 10m
  spillway pods list
  spillway pods stop --all

Variables:
  RUNPOD_API_KEY        a key of your RunPod account that may write
  RUNPOD_API_BASE_URL   another address than https://api.runpod.io`,
  );
}

function runCommand(): Command {
  return new Command('run')
    .description('make a pod, run a command on it, pass on its log, and terminate it in every case')
    .argument('[command...]', 'what to run, behind `--`')
    .option('--gpu <type>', 'a type of card, by its id or name in the catalogue')
    .option('--vram <size>', 'memory that its card must have; the cheapest that is free is taken')
    .option('--count <n>', 'how many cards', wholeNumber(1, 16), 1)
    .option('--cpu <flavor:vcpus>', 'a machine without cards, such as cpu5c:4')
    .option('--cloud <cloud>', 'secure or community', 'secure')
    .option('--image <image>', 'image to run it in; its entry point must let arguments through')
    .option('--disk <gb>', "gigabytes of the container's disk", wholeNumber(1, 4096), 20)
    .option('--volume <id:path>', 'a network volume, at /workspace without a path')
    .option('--region <dataCenter>', 'a data center that will do; may be repeated', collect)
    .option('--env <name=value>', 'a variable; may be repeated', collect)
    .option(
      '--secret <name=secret>',
      'a variable whose value is a secret at RunPod; may be repeated',
      collect,
    )
    .option('--max-time <duration>', 'it is terminated after so long, whatever it does', '1h')
    .option('--max-cost <dollars>', 'it is terminated when it has cost so much')
    .option('--idle <duration>', 'it is terminated when its cards were idle for so long; or never', 'never')
    .option('--join <endpoint>', 'run a worker of this endpoint, which must have `pool` among its backends')
    .option('--url <url>', '--join: address under which the pod reaches the gateway')
    .option('--detach', 'come back once it is made; it ends itself')
    .option('--dry-run', 'show which cards would be tried, and what they cost at most')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The pod terminates itself when the command is done, its time or budget is over, or its cards are idle, also when this
program is gone: a small script on it sees to that, with the key that RunPod gives each pod. Ctrl-C terminates it at once.
Exit code 1 when the command failed.`,
    )
    .action(async (command: readonly string[], options: RunPodOptions) => {
      const { startPod } = await import('../pods/start-pod.ts');
      await startPod(command, options);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('pods that were made with `pods run`')
    .option('--all', 'every pod of the account')
    .addOption(jsonOption())
    .action(async (options: { all?: boolean; json?: boolean }) => {
      const { listPods } = await import('../pods/list-pods.ts');
      await listPods(options);
    });
}

function stopCommand(): Command {
  return new Command('stop')
    .description('terminate pods, with their disks')
    .argument('[pod...]', 'ids or names')
    .option('--all', 'every pod that was made with `pods run`')
    .addOption(jsonOption())
    .action(async (names: readonly string[], options: { all?: boolean; json?: boolean }) => {
      const { stopPods } = await import('../pods/list-pods.ts');
      await stopPods(names, options);
    });
}
