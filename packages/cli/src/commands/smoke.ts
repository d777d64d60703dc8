import { Command } from 'commander';
import type { SmokeCommandOptions } from '../smoke/run-smoke.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function smokeCommand(): Command {
  return new Command('smoke')
    .description('check that an endpoint does what it should: a line a check, PASSED or FAILED')
    .argument(
      '<endpoint>',
      'name of the endpoint; with --pod or --runpod, of the worker (clip, detect, or yours)',
    )
    .option('--pod <url>', "a worker's own HTTP face instead of a gateway; its key is in API_KEY")
    .option('--runpod [id]', "an endpoint of RunPod's service; needs RUNPOD_API_KEY")
    .option('--as <worker>', 'check it as this built-in worker, whatever its name')
    .option('--tests <file>', 'inputs to send, in the form of .runpod/tests.json')
    .option('--image-url <url>', 'clip: a picture that the worker can fetch')
    .option('--unsigned', 'clip: the worker takes jobs without a signature')
    .option(
      '--timeout <seconds>',
      'for each check, the start of a worker included',
      wholeNumber(1, 86_400),
      300,
    )
    .addOption(jsonOption())
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
What is checked:
  clip     signed pictures and texts, their vectors, batches, and everything that must be refused
  detect   a sample photo
  others   the tests of .runpod/tests.json in the folder of the endpoint (with --pod or --runpod: this one)

Variables:
  EMBEDDING_HMAC_SECRET      clip: what requests are signed with (default: that of ./spillway.yaml)
  API_KEY                    --pod: the key of the worker, where it has one
  RUNPOD_API_KEY             --runpod: a key of your account; RUNPOD_CLIP_ENDPOINT_ID stands in for the id
  RUNPOD_ENDPOINT_BASE_URL   --runpod: another address than https://api.runpod.ai/v2

Examples:
  spillway smoke clip
  spillway smoke clip --pod http://127.0.0.1:8000
  spillway smoke clip --runpod abc123xyz --image-url "https://…"
  spillway smoke greet --tests .runpod/tests.json --json

A check that can't be made here is SKIPPED, with the reason. Ctrl-C cancels the job that runs.
Exit code 1 when a check FAILED.`,
    )
    .action(async (endpoint: string, options: SmokeCommandOptions) => {
      const { runSmoke } = await import('../smoke/run-smoke.ts');
      await runSmoke(endpoint, options);
    });
}
