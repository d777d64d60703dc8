import { Command } from 'commander';
import type { ChangeOptions } from '../jobs/change-jobs.ts';
import type { ListOptions, ShowOptions } from '../jobs/list-jobs.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function jobsCommand(): Command {
  const jobs = new Command('jobs')
    .description('list jobs, look at one, cancel, retry or delete some')
    .helpCommand(false);
  // `isDefault` lets `spillway jobs --status FAILED` mean the list.
  jobs.addCommand(listCommand(), { isDefault: true });
  for (const create of [showCommand, cancelCommand, retryCommand, deleteCommand]) jobs.addCommand(create());
  return jobs.addHelpText(
    'after',
    `
\`spillway jobs\` alone is \`spillway jobs list\`; it takes its options too (spillway jobs list --help).

Examples:
  spillway jobs                                the newest jobs of all endpoints
  spillway jobs --endpoint detect --status FAILED --since 2h
  spillway jobs show JOB                       everything about one job
  spillway jobs cancel JOB                     stop it, queued or running
  spillway jobs cancel --all --tag batch-7     stop all that have this tag
  spillway jobs retry --all --endpoint detect  put failed ones back in the queue
  spillway jobs --json | jq -r '.jobs[].id'`,
  );
}

/** The filters that lists and bulk operations share. */
function withFilters(command: Command): Command {
  return command
    .option('-e, --endpoint <name>', 'only jobs of this endpoint')
    .option(
      '-s, --status <status>',
      'only jobs in this state: IN_QUEUE, IN_PROGRESS, COMPLETED, FAILED, CANCELLED, TIMED_OUT',
    )
    .option('-t, --tag <tag>', 'only jobs with this tag')
    .option('--since <time>', 'created at or after: a date, or how long ago, such as 2h')
    .option('--until <time>', 'created before: a date, or how long ago');
}

function listCommand(): Command {
  return withFilters(new Command('list').description('the newest jobs first'))
    .option('-n, --limit <n>', 'how many at most', wholeNumber(1, 500), 20)
    .option('--cursor <cursor>', 'go on where the list before ended (its `nextCursor`)')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (options: ListOptions) => {
      const { listJobs } = await import('../jobs/list-jobs.ts');
      await listJobs(options);
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('everything about one job')
    .argument('<job>', 'id of the job')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (id: string, options: ShowOptions) => {
      const { showJob } = await import('../jobs/list-jobs.ts');
      await showJob(id, options);
    });
}

function cancelCommand(): Command {
  return withFilters(new Command('cancel').description('stop jobs, queued or running'))
    .argument('[job...]', 'ids of the jobs')
    .option('--all', 'all that the filters fit, or every one')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (ids: readonly string[], options: ChangeOptions) => {
      const { changeJobs } = await import('../jobs/change-jobs.ts');
      await changeJobs('cancel', ids, options);
    });
}

function retryCommand(): Command {
  return withFilters(new Command('retry').description('put failed jobs back in the queue'))
    .argument('[job...]', 'ids of the jobs')
    .option('--all', 'all failed ones that the filters fit, or every one')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (ids: readonly string[], options: ChangeOptions) => {
      const { changeJobs } = await import('../jobs/change-jobs.ts');
      await changeJobs('retry', ids, options);
    });
}

function deleteCommand(): Command {
  return new Command('delete')
    .description('forget jobs that have ended, with their results')
    .argument('<job...>', 'ids of the jobs')
    .addOption(jsonOption())
    .addOption(dataOption())
    .action(async (ids: readonly string[], options: ChangeOptions) => {
      const { deleteJobs } = await import('../jobs/change-jobs.ts');
      await deleteJobs(ids, options);
    });
}
