import type { KeyCreated, KeyView } from '@spillway/protocol/v1';
import { Command, Option } from 'commander';
import { type ConnectionOptions, resolveConnection } from '../connection.ts';
import { createGatewayApi } from '../gateway-api.ts';
import { fields, note, print, printJson, table } from '../output.ts';
import { agoText, durationText } from '../text.ts';
import { collect, dataOption, jsonOption } from './options.ts';

interface Options extends ConnectionOptions {
  readonly json?: boolean;
}

interface CreateOptions extends Options {
  readonly scope: string;
  readonly endpoint?: readonly string[];
  readonly expires?: string;
}

export function keysCommand(): Command {
  const keys = new Command('keys')
    .description('list, make and revoke keys (needs an admin key)')
    .helpCommand(false);
  keys.addCommand(listCommand(), { isDefault: true });
  keys.addCommand(createCommand());
  keys.addCommand(revokeCommand());
  return keys.addHelpText(
    'after',
    `
Scopes:
  client  submit jobs, read and cancel them      viewer  look at jobs, workers and logs
  worker  take jobs and report their results     admin   all of it, and keys

Examples:
  spillway keys                                          all keys, never their secrets
  spillway keys create web-shop --endpoint detect        a client key for one endpoint
  spillway keys create audit --scope viewer --expires 7d   ends by itself
  spillway keys create monitor --scope viewer            looks at everything, changes nothing
  spillway keys revoke ID                                it stops working at once`,
  );
}

function listCommand(): Command {
  return new Command('list')
    .description('all keys, never their secrets')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(listKeys);
}

function createCommand(): Command {
  return new Command('create')
    .description('make a key; its secret is shown this once')
    .argument('<name>', 'what it is for, as you will want to read it in the list')
    .addOption(
      new Option('--scope <scope>', 'what it may do')
        .choices(['client', 'worker', 'viewer', 'admin'])
        .default('client'),
    )
    .option('-e, --endpoint <name>', 'limit it to this endpoint (may be given several times)', collect)
    .option('--expires <duration>', 'how long it is good, such as 12h or 30d (default: until it is revoked)')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(createKey);
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('make keys useless at once')
    .argument('<id...>', 'ids of the keys, from the list')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(revokeKeys);
}

async function listKeys(options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const { keys } = await api.get<{ keys: readonly KeyView[] }>('/v1/keys');
  if (options.json) return printJson({ keys });
  if (keys.length === 0)
    return note('no keys besides the admin key; make one with `spillway keys create <name>`');
  const now = Date.now();
  const columns = [
    { title: 'id' },
    { title: 'name' },
    { title: 'scope' },
    { title: 'endpoints' },
    { title: 'made' },
    { title: 'last used' },
    { title: 'good' },
  ];
  const rows = keys.map(({ id, name, scope, endpoints, createdAt, lastUsedAt, expiresAt }) => {
    const used = lastUsedAt === undefined ? 'never' : agoText(lastUsedAt, now);
    const made = agoText(createdAt, now);
    return [id, name, scope, endpoints?.join(', ') ?? 'all', made, used, expiryText(expiresAt, now)];
  });
  print(table(columns, rows));
}

function expiryText(expiresAt: number | undefined, now: number): string {
  if (expiresAt === undefined) return 'until revoked';
  return expiresAt <= now ? 'expired' : `for ${durationText(expiresAt - now)}`;
}

async function createKey(name: string, options: CreateOptions): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  const { scope, endpoint: endpoints, expires } = options;
  const made = await api.post<KeyCreated>('/v1/keys', {
    name,
    scope,
    ...(endpoints ? { endpoints } : {}),
    ...(expires === undefined ? {} : { expiresIn: expires }),
  });
  if (options.json) return printJson(made);
  print(
    fields([
      ['id', made.id],
      ['name', made.name],
      ['scope', made.scope],
      ['endpoints', made.endpoints?.join(', ') ?? 'all'],
      ['good', made.expiresAt === undefined ? undefined : expiryText(made.expiresAt, Date.now())],
      ['key', made.key],
    ]),
  );
  note('Keep the key now: it is not shown again.');
}

async function revokeKeys(ids: readonly string[], options: Options): Promise<void> {
  const api = createGatewayApi(await resolveConnection(options));
  for (const id of ids) {
    await api.remove(`/v1/keys/${encodeURIComponent(id)}`);
    if (!options.json) print(`${id} revoked`);
  }
  if (options.json) printJson({ revoked: ids });
}
