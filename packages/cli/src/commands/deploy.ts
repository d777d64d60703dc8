import { Command } from 'commander';
import type { BuildOptions } from '../deploy/run-build.ts';
import type { DeployOptions } from '../deploy/run-deploy.ts';
import type { ImportOptions } from '../deploy/run-import.ts';
import type { RollbackOptions } from '../deploy/run-rollback.ts';
import type { UndeployOptions } from '../deploy/run-undeploy.ts';
import { configOption, jsonOption } from './options.ts';

const VARIABLES = `
Variables:
  RUNPOD_API_KEY        a key of your RunPod account that may write
  RUNPOD_API_BASE_URL   another address than https://api.runpod.io`;

export function deployCommand(): Command {
  return new Command('deploy')
    .description("bring an endpoint's cloud side at RunPod to what the file says; a second run does nothing")
    .argument('[endpoint]', 'only this one (default: all with a `deploy` block)')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--write', "put the endpoint's id into `backends` of the file, so that jobs spill over to it")
    .option('--build', 'write a Dockerfile for the workers and show the commands; deploys nothing')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${VARIABLES}

In spillway.yaml:
  endpoints:
    clip:
      worker: clip
      deploy:
        image: acme/clip:1
        gpu: { pools: [AMPERE_24, ADA_24] }              # or { memory: 8g }
        workers: { min: 0, max: 3, idleTimeout: 5s }
        secrets: { EMBEDDING_HMAC_SECRET: clip_hmac }    # a secret at RunPod, by its name

Examples:
  spillway deploy clip --dry-run     what would change, also by hand at RunPod, as a diff
  spillway deploy clip --write       do it, and note the endpoint's id in the file
  spillway rollback clip             as it was before
  spillway undeploy clip --yes       take it away`,
    )
    .action(
      async (endpoint: string | undefined, options: DeployOptions & BuildOptions & { build?: boolean }) => {
        if (options.build) {
          const { runBuild } = await import('../deploy/run-build.ts');
          return runBuild(endpoint, options);
        }
        const { runDeploy } = await import('../deploy/run-deploy.ts');
        await runDeploy(endpoint, options);
      },
    );
}

export function undeployCommand(): Command {
  return new Command('undeploy')
    .description("delete an endpoint's cloud side at RunPod: its workers end, its jobs there are cancelled")
    .argument('<endpoint>', 'name of the endpoint in the file')
    .option('--yes', 'do it')
    .option('--volumes', 'also the network volumes that its `deploy` block names, with all their data')
    .option('--dry-run', 'show what would go, and change nothing')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText('after', VARIABLES)
    .action(async (endpoint: string, options: UndeployOptions) => {
      const { runUndeploy } = await import('../deploy/run-undeploy.ts');
      await runUndeploy(endpoint, options);
    });
}

export function rollbackCommand(): Command {
  return new Command('rollback')
    .description('undo the last deploy or undeploy of an endpoint; again, the one before that')
    .argument('<endpoint>', 'name of the endpoint in the file')
    .option('--yes', 'also where that deletes the endpoint, since there was none before')
    .option('--dry-run', 'show what would change, and change nothing')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What an endpoint was before is kept in the data directory that it was deployed with. Volumes stay.
${VARIABLES}`,
    )
    .action(async (endpoint: string, options: RollbackOptions) => {
      const { runRollback } = await import('../deploy/run-rollback.ts');
      await runRollback(endpoint, options);
    });
}

export function importCommand(): Command {
  return new Command('import')
    .description("write the file's entry for a serverless endpoint that exists at RunPod")
    .argument('<endpointId>', 'its id, as RunPod shows it')
    .option('--as <name>', 'name of the endpoint in the file (default: made of its name there)')
    .option('--write', 'add it to the file instead of printing it')
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Values of variables that look like secrets are not written: the entry refers to variables of the same name.
${VARIABLES}`,
    )
    .action(async (endpointId: string, options: ImportOptions) => {
      const { runImport } = await import('../deploy/run-import.ts');
      await runImport(endpointId, options);
    });
}
