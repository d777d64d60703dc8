import { Command } from 'commander';
import type { RunCommandOptions } from '../run/run-and-show.ts';
import { dataOption, jsonOption, wholeNumber } from './options.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('send inputs to an endpoint as jobs, wait, show the results')
    .argument('<endpoint>', 'name of the endpoint')
    .argument(
      '<input...>',
      'pictures, videos, .json files, JSON in quotes, or - for stdin; each becomes one job',
    )
    .option(
      '-o, --out <dir>',
      'write each result as a .json file there, annotated pictures of defects, reports of videos',
    )
    .option('-w, --with <json>', 'fields that are added to every input')
    .option('-c, --concurrency <n>', 'how many jobs at once', wholeNumber(1, 64), 4)
    .option('--dry-run', 'send nothing: show what the jobs would cost and take')
    .addOption(jsonOption().default(undefined, "one line an input: the job's reply and its `file`"))
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
A picture (.jpg, .jpeg, .png, .webp) is sent as {"image": base64, "frame_id": file name}. JSON is the input itself; a
whole body such as {"input": {…}, "policy": {…}} is sent as it is. A video (.mp4, .avi, .mov, .mkv, .webm) is uploaded and
goes to an ergonomics worker; sent again after a break, its upload goes on. Ctrl-C cancels the jobs.

Examples:
  spillway run detect photo.jpg                            measured defects as a table
  spillway run detect *.jpg --out results                  result and annotated picture of each
  spillway run detect wall.png --with '{"mm_per_pixel":0.5}'
  spillway run ergonomics packing.mp4 --out results        posture scores, report and video with skeletons
  spillway run ergonomics a.mp4 --with '{"quality":"high","observed":{"load_kg":8}}'
  spillway run mine '{"prompt":"a red fox"}' --json | jq .output
  cat test_input.json | spillway run mine -

Exit code 1 when a job did not complete.`,
    )
    .action(async (endpoint: string, args: readonly string[], options: RunCommandOptions) => {
      const { runAndShow } = await import('../run/run-and-show.ts');
      await runAndShow(endpoint, args, options);
    });
}
