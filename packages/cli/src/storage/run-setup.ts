import type { RulePlan } from '@spillway/artifacts/admin';
import { CliError } from '../cli-error.ts';
import { note, print, printJson } from '../output.ts';
import { readBucketContext } from './bucket-context.ts';

export interface SetupOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface Step {
  readonly name: 'lifecycle' | 'cors';
  readonly changes: readonly string[];
  /** The bucket knows no such rules. */
  readonly isUnsupported: boolean;
  write(): Promise<void>;
}

/** Writes lifecycle rules and CORS to the bucket, beside those of others; done twice it changes nothing. */
export async function runSetup(options: SetupOptions): Promise<void> {
  const { settings, needs } = await readBucketContext(options.config);
  const isDryRun = options.dryRun === true;
  if (!settings) {
    if (options.json) return printJson({ store: 'disk', changes: [], isWritten: false });
    return note(
      "artifacts are on the gateway's disk, where it deletes them itself: there is nothing to set up",
    );
  }
  const { createBucketAdmin, planCors, planLifecycle } = await import('@spillway/artifacts/admin');
  const admin = createBucketAdmin(settings);
  await admin.check();
  const readSteps = async (): Promise<readonly Step[]> => [
    stepOf(
      'lifecycle',
      await admin.readLifecycle(),
      (rules) => planLifecycle(rules, needs),
      admin.writeLifecycle,
    ),
    stepOf('cors', await admin.readCors(), (rules) => planCors(rules, needs), admin.writeCors),
  ];
  const steps = await readSteps();
  if (!options.json) for (const step of steps) showStep(step, isDryRun);
  if (!isDryRun) await write(steps, readSteps);
  const changes = steps.flatMap((step) => step.changes.map((change) => `${step.name}: ${change}`));
  const unsupported = steps.filter((step) => step.isUnsupported).map((step) => step.name);
  const isWritten = !isDryRun && changes.length > 0;
  if (options.json)
    printJson({ store: settings.provider, bucket: settings.bucket, changes, unsupported, isWritten });
  else if (changes.length === 0) note(`the bucket ${settings.bucket} is as it should be`);
  else note(isDryRun ? 'nothing was written; leave out --dry-run to do so' : `written to ${settings.bucket}`);
}

function stepOf<Rule>(
  name: Step['name'],
  current: readonly Rule[] | 'unsupported',
  plan: (rules: readonly Rule[]) => RulePlan<Rule>,
  write: (rules: readonly Rule[]) => Promise<void>,
): Step {
  if (current === 'unsupported') return { name, changes: [], isUnsupported: true, write: async () => {} };
  const { changes, rules } = plan(current);
  return { name, changes, isUnsupported: false, write: () => write(rules) };
}

function showStep({ name, changes, isUnsupported }: Step, isDryRun: boolean): void {
  if (isUnsupported)
    note(`${name}: this server knows no such rules; the gateway deletes what is over its time itself`);
  for (const change of changes) print(`${name}: ${isDryRun ? 'would ' : ''}${change}`);
}

async function write(steps: readonly Step[], readAgain: () => Promise<readonly Step[]>): Promise<void> {
  const pending = steps.filter(({ changes }) => changes.length > 0);
  for (const step of pending) await step.write();
  if (pending.length === 0) return;
  // Some servers take what they don't keep.
  const left = (await readAgain()).flatMap(({ name, changes }) =>
    changes.map((change) => `${name}: ${change}`),
  );
  if (left.length === 0) return;
  const sentence = `the bucket took the rules, but does not have them: ${left.join('; ')}`;
  throw new CliError('RULES_NOT_KEPT', sentence);
}
