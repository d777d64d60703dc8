import path from 'node:path';
import { type Finding, PACKAGE_MANAGERS, type PackageManager } from './finding.ts';
import { isExecutable } from './is-executable.ts';

/** How `--fix` would get what is not there. */
export interface InstallPlan {
  /** Programs with their arguments, in order; run without a shell. */
  readonly commands: readonly (readonly string[])[];
  /** Set when they can't be run by this user. */
  readonly obstacle?: string;
}

const INSTALL: Readonly<Record<PackageManager, readonly (readonly string[])[]>> = {
  'apt-get': [
    ['apt-get', 'update'],
    ['apt-get', 'install', '--yes', '--no-install-recommends'],
  ],
  dnf: [['dnf', 'install', '--assumeyes']],
  apk: [['apk', 'add', '--no-cache']],
  brew: [['brew', 'install']],
};

/** Undefined when there is nothing that a package manager could bring. */
export function planInstall(
  findings: readonly Finding[],
  machine: { readonly manager: PackageManager | undefined; readonly isRoot: boolean },
): InstallPlan | undefined {
  const wanted = findings.filter(({ status, packages }) => status !== 'ok' && packages !== undefined);
  if (wanted.length === 0) return undefined;
  const { manager, isRoot } = machine;
  if (manager === undefined) {
    return { commands: [], obstacle: `no package manager found (looked for ${PACKAGE_MANAGERS.join(', ')})` };
  }
  const names = wanted.flatMap(({ packages }) => packages?.[manager] ?? []);
  const steps = INSTALL[manager];
  const commands = steps.map((step, index) => (index === steps.length - 1 ? [...step, ...names] : step));
  if (manager === 'brew' || isRoot) return { commands };
  return { commands, obstacle: `${manager} needs root: run the commands above with sudo` };
}

/** The first of the known package managers on PATH. */
export function findPackageManager(searchPath = process.env.PATH ?? ''): PackageManager | undefined {
  const folders = searchPath.split(path.delimiter).filter((folder) => folder !== '');
  return PACKAGE_MANAGERS.find((name) => folders.some((folder) => isExecutable(path.join(folder, name))));
}
