import { Command, Option } from 'commander';
import type { SetupOptions } from '../storage/run-setup.ts';
import type { StatusOptions } from '../storage/run-status.ts';
import type {
  GetCommandOptions,
  ListCommandOptions,
  PutCommandOptions,
  StorageOptions,
} from '../storage/run-storage.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function storageCommand(): Command {
  const storage = new Command('storage')
    .description('put, get, list and delete artifacts, and look after the bucket')
    .helpCommand(false);
  for (const create of [setupCommand, statusCommand, putCommand, getCommand, listCommand, deleteCommand])
    storage.addCommand(create());
  return storage.addHelpText(
    'after',
    `
\`setup\` and \`status\` read the gateway's variables (STORAGE_PROVIDER, R2_…, AWS_…) and its spillway.yaml.

Examples:
  spillway storage setup --dry-run                what the bucket's rules lack: lifecycle, and CORS for pages
  spillway storage status                         credentials, rules, clock, a byte there and back: a line for each
  spillway storage put walk.mp4                   in parts; called again after a kill it goes on where it was
  tar c photos | spillway storage put - --name photos.tar
  spillway storage get ID                         into a file of its own name; goes on where it was, verified
  spillway storage get ID --out - | ffprobe -     onto standard output
  spillway storage list --prefix results
  spillway storage delete ID`,
  );
}

const prefixes = () => ['uploads', 'results', 'status'];

function setupCommand(): Command {
  return new Command('setup')
    .description('write lifecycle rules and CORS to the bucket, beside those of others')
    .option('-c, --config <file>', 'configuration (default: ./spillway.yaml if there is one)')
    .option('--dry-run', 'show what it would change, and change nothing')
    .addOption(jsonOption())
    .action(async (options: SetupOptions) => (await import('../storage/run-setup.ts')).runSetup(options));
}

function statusCommand(): Command {
  return new Command('status')
    .description('check everything between here and a stored byte')
    .option('-c, --config <file>', 'configuration (default: ./spillway.yaml if there is one)')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (options: StatusOptions) => (await import('../storage/run-status.ts')).runStatus(options));
}

function putCommand(): Command {
  return new Command('put')
    .description('upload files; prints the id of each')
    .argument('<file...>', 'files, or - for standard input')
    .option('--name <name>', 'what it is called (default: the name of the file)')
    .option('--type <type>', 'its media type, such as video/mp4 (default: by the end of the name)')
    .addOption(
      new Option('--prefix <prefix>', 'says how long it is kept').choices(prefixes()).default('uploads'),
    )
    .option('-e, --endpoint <name>', 'its workers may read it')
    .addOption(new Option('--connections <n>', 'parts sent at once').argParser(wholeNumber(1, 32)).default(4))
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (files: readonly string[], options: PutCommandOptions) =>
      (await import('../storage/run-storage.ts')).runPut(files, options),
    );
}

function getCommand(): Command {
  return new Command('get')
    .description('download an artifact')
    .argument('<id>', 'its id, from put or list')
    .option('-o, --out <file>', 'where to, a file, a folder, or - for standard output')
    .option('--force', 'replace a file that is there')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (id: string, options: GetCommandOptions) =>
      (await import('../storage/run-storage.ts')).runGet(id, options),
    );
}

function listCommand(): Command {
  return new Command('list')
    .description('artifacts, the newest first, and how much is kept')
    .addOption(new Option('--prefix <prefix>', 'of these only').choices(prefixes()))
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber(1, 500)).default(50))
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (options: ListCommandOptions) =>
      (await import('../storage/run-storage.ts')).runList(options),
    );
}

function deleteCommand(): Command {
  return new Command('delete')
    .description('delete artifacts, or abort their uploads')
    .argument('<id...>', 'their ids')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (ids: readonly string[], options: StorageOptions) =>
      (await import('../storage/run-storage.ts')).runDelete(ids, options),
    );
}
