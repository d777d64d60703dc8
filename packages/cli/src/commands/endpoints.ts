import { Command } from 'commander';
import type { EndpointAction, EndpointOptions } from '../endpoints/endpoint-actions.ts';
import { dataOption, jsonOption } from './options.ts';

export function endpointsCommand(): Command {
  const endpoints = new Command('endpoints')
    .description('list endpoints, change, pause and drain them while the gateway runs')
    .helpCommand(false);
  endpoints.addCommand(listCommand(), { isDefault: true });
  endpoints.addCommand(showCommand());
  endpoints.addCommand(setCommand());
  for (const [action, description] of ACTIONS) endpoints.addCommand(actionCommand(action, description));
  return endpoints.addHelpText(
    'after',
    `
Settings are written as in spillway.yaml; what is changed lies over the file and is kept until it is reset.

Examples:
  spillway endpoints                                 all of them, with jobs and workers
  spillway endpoints show detect                     its settings, and which were changed
  spillway endpoints set detect workers.max=5 ttl=2h
  spillway endpoints set detect workers.max=default  back to the file's
  spillway endpoints set detect "workers.warm=mon-fri 08:00-18:00 2 Europe/Berlin; sat 09:00-12:00"
  spillway endpoints pause detect                    take jobs, deliver none
  spillway endpoints drain detect                    fresh workers, without losing a job`,
  );
}

const ACTIONS: readonly (readonly [EndpointAction, string])[] = [
  ['pause', 'accept jobs, deliver none until it is resumed'],
  ['resume', 'deliver jobs again'],
  ['drain', 'let its workers finish and end; jobs that wait get fresh ones'],
  ['reset', 'take every setting back to spillway.yaml'],
  ['resume-starts', 'try to start a worker now, after failed starts'],
];

function listCommand(): Command {
  return new Command('list')
    .description('all endpoints, with their jobs and workers')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (options: EndpointOptions) => {
      const { listEndpoints } = await import('../endpoints/endpoint-actions.ts');
      await listEndpoints(options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('one endpoint, with its settings')
    .argument('<endpoint>', 'its name')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (name: string, options: EndpointOptions) => {
      const { showEndpoint } = await import('../endpoints/endpoint-actions.ts');
      await showEndpoint(name, options);
    });
}

function setCommand(): Command {
  return new Command('set')
    .description('change settings while the gateway runs (needs an admin key)')
    .argument('<endpoint>', 'its name')
    .argument('<setting=value...>', 'such as workers.max=5 or ttl=2h; =default goes back to the file')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (name: string, assignments: readonly string[], options: EndpointOptions) => {
      const { setSettings } = await import('../endpoints/endpoint-actions.ts');
      await setSettings(name, assignments, options);
    });
}

function actionCommand(action: EndpointAction, description: string): Command {
  return new Command(action)
    .description(`${description} (needs an admin key)`)
    .argument('<endpoint...>', 'their names')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (names: readonly string[], options: EndpointOptions) => {
      const { actOnEndpoints } = await import('../endpoints/endpoint-actions.ts');
      await actOnEndpoints(action, names, options);
    });
}
