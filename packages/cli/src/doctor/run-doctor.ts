import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { defaultConfig, formatProblems, type GatewayConfig } from '@spillway/gateway';
import { EXIT } from '../cli-error.ts';
import { note, print, printJson, style } from '../output.ts';
import { CONFIG_FILE, readConfig } from '../read-config.ts';
import { checkDemoModels, checkEndpoints } from './check-endpoints.ts';
import { checkDataDirectory, checkNode, checkPort } from './check-machine.ts';
import { checkPrograms } from './check-programs.ts';
import { checkStorage } from './check-storage.ts';
import type { Finding } from './finding.ts';
import { findPackageManager, type InstallPlan, planInstall } from './install-plan.ts';

export interface DoctorOptions {
  readonly config?: string;
  readonly data?: string;
  readonly fix?: boolean;
  readonly json?: boolean;
}

/** The whole of `spillway doctor`; sets the exit code. */
export async function runDoctor(options: DoctorOptions): Promise<void> {
  const first = await examine(options);
  const plan = planInstall(first, { manager: findPackageManager(), isRoot: process.getuid?.() === 0 });
  if (!options.fix || plan === undefined) return report(first, plan, options);
  for (const command of plan.commands) note(`$ ${command.join(' ')}`);
  if (plan.obstacle !== undefined) {
    note(plan.obstacle);
    return report(first, plan, options);
  }
  const isInstalled = await runCommands(plan);
  report(await examine(options), undefined, options);
  if (!isInstalled) process.exitCode = EXIT.failed;
}

async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { config, finding } = await checkConfig(options);
  const dataDir = options.data === undefined ? config.dataDir : path.resolve(options.data);
  return [
    checkNode(),
    finding,
    ...(await checkDataDirectory(dataDir)),
    await checkStorage(dataDir),
    await checkPort(config.listen),
    await checkDemoModels(),
    ...(await checkEndpoints(config)),
    ...(await checkPrograms()),
  ];
}

async function checkConfig(options: DoctorOptions): Promise<{ config: GatewayConfig; finding: Finding }> {
  const folder = process.cwd();
  const file = options.config ?? (existsSync(path.join(folder, CONFIG_FILE)) ? CONFIG_FILE : undefined);
  const name = 'configuration';
  const result = await readConfig(file === undefined ? { folder } : { file, folder });
  if (result.ok) {
    const detail = file ?? 'no spillway.yaml here: the built-in defaults';
    return { config: result.config, finding: { name, status: 'ok', detail } };
  }
  const [detail = '', ...problems] = formatProblems(file ?? CONFIG_FILE, result.problems).split('\n');
  return {
    config: defaultConfig(folder, {}),
    finding: { name, status: 'missing', detail, remedy: problems.map((line) => line.slice(2)).join('\n') },
  };
}

const MARKS = {
  ok: { sign: '✓', style: 'green' },
  missing: { sign: '✗', style: 'red' },
  optional: { sign: '–', style: 'yellow' },
} as const;

function report(findings: readonly Finding[], plan: InstallPlan | undefined, options: DoctorOptions): void {
  if (findings.some(({ status }) => status === 'missing')) process.exitCode = EXIT.failed;
  if (options.json) {
    printJson({ findings });
    return;
  }
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, status, detail, remedy } of findings) {
    const mark = MARKS[status];
    print(`${style(mark.style, mark.sign)} ${name.padEnd(width)}  ${detail}`);
    if (remedy !== undefined) print(indent(`→ ${wrap(remedy, 100 - width)}`, width + 4));
  }
  const count = findings.filter(({ status }) => status === 'missing').length;
  const verdict = count === 0 ? 'Nothing that Spillway needs is missing.' : `${count} missing.`;
  print(`\n${verdict} (✓ there, ✗ missing, – optional)`);
  if (plan && plan.commands.length > 0 && !options.fix) {
    print(
      `\`spillway doctor --fix\` would run: ${plan.commands.map((command) => command.join(' ')).join(' && ')}`,
    );
  }
}

/** Breaks lines at words; lines that are short enough stay as they are. */
function wrap(text: string, width: number): string {
  const pattern = new RegExp(`(?=.{${width + 1}})(.{1,${width}}) +`, 'g');
  return text.replaceAll(pattern, '$1\n');
}

function indent(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => ' '.repeat(width) + line)
    .join('\n');
}

/** Shows what the package manager prints, on stderr so that stdout stays the report. */
async function runCommands(plan: InstallPlan): Promise<boolean> {
  for (const [program = '', ...args] of plan.commands) {
    const code = await new Promise<number>((resolve) => {
      const child = spawn(program, args, { stdio: ['ignore', 2, 2] });
      child.on('error', () => resolve(1));
      child.on('exit', (status) => resolve(status ?? 1));
    });
    if (code !== 0) {
      note(`${program} ended with ${code}`);
      return false;
    }
  }
  return true;
}
