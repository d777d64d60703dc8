import type { PoolWorkerCreated } from '@spillway/protocol/v1';
import { Command } from 'commander';
import { type ConnectionOptions, isLoopback, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { note, print, printJson } from '../output.ts';
import { dataOption, jsonOption } from './options.ts';

interface EnvOptions extends ConnectionOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly name?: string;
}

export function poolCommand(): Command {
  const pool = new Command('pool')
    .description('connect workers that run elsewhere (needs an admin key)')
    .helpCommand(false);
  pool.addCommand(envCommand());
  return pool.addHelpText(
    'after',
    `
Examples:
  spillway pool env detect > worker.env.sh               what one worker of the endpoint needs, with a fresh key
  . ./worker.env.sh && python3 -u handler.py             on the other machine: any RunPod worker
  spillway pool env detect --url http://10.0.0.5:8080    when workers reach the gateway under another address
  spillway keys                                          its key is in this list; revoking it shuts the worker out`,
  );
}

function envCommand(): Command {
  return new Command('env')
    .description('print the environment of one worker of an endpoint, with an id and a key of its own')
    .argument('<endpoint>', 'an endpoint with `pool` among its backends')
    .option('--url <url>', 'address under which the worker reaches the gateway')
    .option('--name <name>', 'name of the key, as you will want to read it in the list')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(printEnvironment);
}

async function printEnvironment(endpoint: string, options: EnvOptions): Promise<void> {
  const connection = await resolveConnection(options);
  const api = createGatewayApi(connection);
  // An address that was good enough for this command from another machine is so for a worker.
  const origin = options.url ?? (isLoopback(connection.url) ? undefined : connection.url);
  const made = await api.post<PoolWorkerCreated>(
    `/v1/endpoints/${encodeURIComponent(endpoint)}/pool-workers`,
    {
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(origin === undefined ? {} : { origin }),
    },
  );
  if (options.json) printJson(made);
  else print(exportLines(made));
  if (isLoopback(made.origin)) {
    note(
      `${made.origin} is this machine only: for workers elsewhere set \`publicUrl\` or \`workerListen\` in spillway.yaml, or give --url`,
    );
  }
}

function exportLines({ endpoint, workerId, keyId, env }: PoolWorkerCreated): string {
  return [
    `# One worker of ${endpoint}: run the command again for another. \`spillway keys revoke ${keyId}\` shuts it out.`,
    `# worker id ${workerId}; keep this to yourself, it holds the key`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${shellQuote(value)}`),
  ].join('\n');
}

/** As one word of a POSIX shell, whatever it holds: the URLs have `$` in them that is the worker's to replace. */
function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
