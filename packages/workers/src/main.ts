import { enableCompileCache } from 'node:module';
import { isPodMode } from './pod/pod-mode.ts';
import { WORKERS } from './registry.ts';

/**
 * Entry of a built-in worker's process: `main.ts detect`, or `WORKER=detect`. A worker that cannot start says why in one
 * sentence on stderr and ends with 1, so that whoever started it can show the sentence.
 */
// Compiled code kept from one start to the next saves 100 ms here and as much in the thread.
enableCompileCache();

// Who read its log may leave; its calls go on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const [argument] = process.argv.slice(2);
// Options, such as the SDK's --test_input, may stand alone.
const name = argument === undefined || argument.startsWith('-') ? process.env.WORKER : argument;
const row = name === undefined ? undefined : WORKERS[name];

if (row === undefined) {
  const known = Object.keys(WORKERS).join(', ');
  fail(
    name === undefined
      ? `Name the worker to run, as an argument or in WORKER. There are: ${known}.`
      : `There is no built-in worker "${name}". There are: ${known}.`,
  );
} else if (isPod()) {
  const { servePod } = await import('./pod/serve-pod.ts');
  await servePod(name ?? '', row).then(
    () => process.exit(0),
    (reason: unknown) => {
      fail(reason);
      process.exit(1);
    },
  );
} else {
  const worker = await row
    .start({ env: process.env, warn: (message) => process.stderr.write(`${message}\n`) })
    .catch(fail);
  if (worker !== undefined) {
    // Handlers import it too, so it is there already; asked for earlier, it would hold up the worker's own start.
    const { startWorker } = await import('@spillway/sdk/worker');
    // The first signal lets the running jobs finish; `startWorker` ends the process, and with it the threads.
    await startWorker({ handler: worker.handler, concurrency: worker.concurrency });
  }
}

/** What is wrong with the variable is said, and the worker does not start. */
function isPod(): boolean {
  try {
    return isPodMode(process.env);
  } catch (error) {
    fail(error);
    process.exit(1);
  }
}

function fail(reason: unknown): undefined {
  process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exitCode = 1;
}
