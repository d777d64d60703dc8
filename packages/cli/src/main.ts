import { Command, CommanderError } from 'commander';
import { CliError, EXIT } from './cli-error.ts';
import { deployCommand, importCommand, rollbackCommand, undeployCommand } from './commands/deploy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { endpointsCommand } from './commands/endpoints.ts';
import { eventsCommand } from './commands/events.ts';
import { gpusCommand } from './commands/gpus.ts';
import { jobsCommand } from './commands/jobs.ts';
import { keysCommand } from './commands/keys.ts';
import { logsCommand } from './commands/logs.ts';
import { modelsCommand } from './commands/models.ts';
import { pageCommand } from './commands/page.ts';
import { podsCommand } from './commands/pods.ts';
import { poolCommand } from './commands/pool.ts';
import { runCommand } from './commands/run.ts';
import { smokeCommand } from './commands/smoke.ts';
import { storageCommand } from './commands/storage.ts';
import { upCommand } from './commands/up.ts';
import { estimateCommand, pricesCommand, usageCommand } from './commands/usage.ts';
import { workersCommand } from './commands/workers.ts';
import { endWithReader } from './output.ts';
import { readVersion } from './version.ts';

/**
 * The `spillway` command: one file a verb in `commands/`. Verbs load what they work with only when they are called,
 * so that `--help` is instant.
 */
const EPILOGUE = `
Examples:
  spillway up                             start a gateway with every built-in worker
  spillway run detect photo.jpg           send a photo, wait, show what was found
  spillway smoke clip                     check that an endpoint does what it should
  spillway jobs --status FAILED           what went wrong
  spillway logs detect -f                 follow the newest worker of an endpoint
  spillway models pull hf:OWNER/NAME      fetch the weights that a worker is to run
  spillway deploy clip --dry-run          what its cloud side at RunPod would become
  spillway storage put walk.mp4           upload a file of any size; goes on after a kill
  spillway page ergonomics                a link for a visitor who has a video and no key
  spillway doctor                         what this machine lacks, and how to get it

Finding the gateway:
  SPILLWAY_URL      its address (default: the running gateway of the data directory, else
                    the listen of ./spillway.yaml, else http://127.0.0.1:8080)
  SPILLWAY_API_KEY  a key for it (default: the key file of the data directory; see --data of each command)

Exit codes:
  0  done        1  a job or an operation failed
  2  wrong use or configuration               130  interrupted by Ctrl-C

Every command has its own --help.`;

/** Runs one command line (without the program's own name) and answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  endWithReader(EXIT.ok);
  try {
    await createProgram().parseAsync(argv.length === 0 ? ['--help'] : [...argv], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander has told its own already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.wrongUse;
    return tell(error, argv.includes('--json'));
  }
}

export function createProgram(): Command {
  const program = new Command('spillway')
    .description(
      "Run RunPod-style GPU endpoints on any machine you have, and spill over to RunPod when that isn't enough.",
    )
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show how a command is used')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(add --help to see how it is used)')
    .addHelpText('after', EPILOGUE);
  for (const create of [
    upCommand,
    runCommand,
    smokeCommand,
    jobsCommand,
    endpointsCommand,
    workersCommand,
    gpusCommand,
    usageCommand,
    estimateCommand,
    pricesCommand,
    logsCommand,
    eventsCommand,
    keysCommand,
    poolCommand,
    modelsCommand,
    deployCommand,
    undeployCommand,
    rollbackCommand,
    importCommand,
    podsCommand,
    storageCommand,
    pageCommand,
    doctorCommand,
  ]) {
    inherit(program, create());
  }
  return program;
}

/** Commands that are built apart take the settings of their parent by hand. */
function inherit(parent: Command, child: Command): void {
  parent.addCommand(child.copyInheritedSettings(parent));
  for (const grandchild of child.commands) grandchild.copyInheritedSettings(child);
}

/** Errors are sentences on stderr, as JSON where that was asked for; a fault of our own also tells where it happened. */
function tell(error: unknown, asJson: boolean): number {
  const known = error instanceof CliError ? error : unexpected(error);
  const text = asJson
    ? JSON.stringify({ error: { code: known.code, message: known.message } })
    : `spillway: ${known.message}`;
  process.stderr.write(`${text}\n`);
  return known.exitCode;
}

function unexpected(error: unknown): CliError {
  // What RunPod refuses is told by its own error, whose module is not loaded for that.
  if (error instanceof Error && error.name === 'RunpodError') {
    return new CliError(`RUNPOD_${String((error as Error & { code?: unknown }).code)}`, error.message);
  }
  if (process.env.SPILLWAY_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  const message = error instanceof Error ? error.message : String(error);
  return new CliError('FAILED', `${message} (SPILLWAY_DEBUG=1 shows where)`);
}
