import { Command } from 'commander';
import type { DoctorOptions } from '../doctor/run-doctor.ts';
import { dataOption, jsonOption } from './options.ts';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what this machine lacks, and how to get it')
    .option('--config <file>', 'configuration to check (default: ./spillway.yaml if it is there)')
    .option('--fix', "install what the system's package manager has (apt-get, dnf, apk, brew)")
    .addOption(jsonOption())
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
--fix shows the commands that it runs, asks nothing and touches nothing else; all but brew need root.
Exit code 1 when something that Spillway needs is missing; what is optional never counts.`,
    )
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('../doctor/run-doctor.ts');
      await runDoctor(options);
    });
}
