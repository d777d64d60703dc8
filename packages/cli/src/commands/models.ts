import { Command } from 'commander';
import type { AddModelOptions } from '../models/add.ts';
import type { ListModelsOptions } from '../models/list.ts';
import type { PullModelsOptions } from '../models/pull-and-show.ts';
import type { VerifyModelsOptions } from '../models/verify.ts';
import { collect, jsonOption } from './options.ts';

export function modelsCommand(): Command {
  const models = new Command('models')
    .description('list, pull, verify and add the models that built-in workers run')
    .helpCommand(false);
  // `isDefault` lets `spillway models --json` mean the list.
  models.addCommand(listCommand(), { isDefault: true });
  for (const create of [pullCommand, verifyCommand, addCommand]) models.addCommand(create());
  return models.addHelpText(
    'after',
    `
Examples:
  spillway models                                             what is here, and which worker picks it
  spillway models pull hf:Xenova/clip-vit-base-patch32        from Hugging Face, pinned to its commit
  spillway models pull hf:onnx-community/sam3-tracker-ONNX --dtype fp16
  spillway models pull s3://models/rfdetr_medium-ONNX         from S3, R2 or a RunPod volume
  spillway models pull                                        again what the lock file pins
  spillway models verify                                      hash every file, open every model
  spillway models add ./my-export                             a folder of your own

Models are looked for in SPILLWAY_MODELS_DIR, in what was pulled (SPILLWAY_MODELS_CACHE, default
~/.cache/spillway/models), in /runpod-volume/models and /models, in the hub's own caches (HF_HUB_CACHE,
/runpod-volume/huggingface-cache/hub), and last among the demo models.`,
  );
}

function listCommand(): Command {
  return new Command('list')
    .description('every model on the search path, and which worker picks which')
    .option(
      '--config <file>',
      'configuration whose endpoints are asked (default: ./spillway.yaml if it is there)',
    )
    .addOption(jsonOption())
    .action(async (options: ListModelsOptions) => {
      const { listModels } = await import('../models/list.ts');
      await listModels(options);
    });
}

function pullCommand(): Command {
  return new Command('pull')
    .description('fetch a model, pin its revision and the hash of every file')
    .argument(
      '[source...]',
      'hf:<owner>/<name>[@revision], s3://<bucket>/<prefix> or https://…; none: all that is pinned',
    )
    .option(
      '--dtype <names>',
      'number formats of the weights, such as fp16 or fp32,int8 (default: fp32)',
      collect,
    )
    .option('--all', 'every number format there is')
    .option('--contract <name>', 'what kind of model it is, where its files are those of several')
    .option('--name <name>', "its folder's name (default: the source's)")
    .option('--update', 'replace what is pinned by what the source has now')
    .option('--into <folder>', 'models folder to put it in (default: the cache)')
    .option('--lock <file>', 'lock file (default: spillway-models.lock.json in that folder)')
    .option('--offline', 'open no connection: what is here must do (also SPILLWAY_OFFLINE=1)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
From the environment: HF_TOKEN and HF_ENDPOINT for hubs; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
AWS_ENDPOINT_URL, or R2_ACCOUNT_ID, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY, for s3://.
A pull that was interrupted goes on where it stopped when it is repeated.`,
    )
    .action(async (sources: readonly string[], options: PullModelsOptions) => {
      const { pullAndShow } = await import('../models/pull-and-show.ts');
      await pullAndShow(sources, options);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'hash every file of a model and open it against its contract; exit code 1 if anything failed',
    )
    .argument('[model]', 'name or id of one (default: all on the search path)')
    .option('--lock <file>', 'lock file to compare with too (default: that of the folder the model lies in)')
    .addOption(jsonOption())
    .action(async (model: string | undefined, options: VerifyModelsOptions) => {
      const { verifyModels } = await import('../models/verify.ts');
      await verifyModels(model, options);
    });
}

function addCommand(): Command {
  return new Command('add')
    .description(
      'make a model folder of an ONNX export of your own: its contract is found, its files are hashed',
    )
    .argument('<folder>', 'folder of the export, or its .onnx file')
    .option('--name <name>', "its folder's name and id (default: the folder's)")
    .option('--contract <name>', 'what kind of model it is, where that can be several')
    .option('--variant <name>', 'size of the architecture, e.g. medium: what DETECTOR_VARIANT selects by')
    .option('--licence <text>', 'licence of the weights, where no README beside them names it')
    .option('--into <folder>', 'models folder to put it in (default: the cache)')
    .option('--link', 'a second name for the same files on this disk, instead of a copy')
    .addOption(jsonOption())
    .action(async (folder: string, options: AddModelOptions) => {
      const { addAndShow } = await import('../models/add.ts');
      await addAndShow(folder, options);
    });
}
