import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { wrongUse } from '../cli-error.ts';
import { note, print, printJson } from '../output.ts';
import { type BuildFiles, buildFiles, dockerfileName, ignoreFileName } from './build-files.ts';
import { type ConfigOptions, loadFile, pickEndpoints } from './cloud.ts';

export interface BuildOptions extends ConfigOptions {
  readonly json?: boolean;
}

/** `spillway deploy --build`: writes a Dockerfile beside what it copies, and tells the commands. Builds nothing itself. */
export async function runBuild(name: string | undefined, options: BuildOptions): Promise<void> {
  const { endpoints, file, dataDir } = await loadFile(options);
  const built: { endpoint: string; file: string; commands: BuildFiles['commands'] }[] = [];
  for (const endpoint of pickEndpoints(endpoints, name)) {
    // What a command names is in its folder; models and all else lie beside the file.
    const folder = endpoint.worker === undefined ? endpoint.cwd : path.dirname(file);
    const has = (entry: string) => existsSync(path.join(folder, entry));
    const files = buildFiles(endpoint, {
      ...{ hasModels: has('models'), hasRequirements: has('requirements.txt') },
      ...{ hasPackageJson: has('package.json'), hasLockFile: has('package-lock.json') },
      hasIgnoreFile: has('.dockerignore'),
      ofGateway: [dataDir, file]
        .map((one) => path.relative(folder, one))
        .filter((one) => !one.startsWith('..')),
    });
    if (!files) {
      if (name !== undefined) throw wrongUse(`${name} has an image already: there is nothing to build`);
      continue;
    }
    const target = path.join(folder, dockerfileName(endpoint.name));
    await writeOnce(target, files.dockerfile);
    if (files.ignore !== undefined)
      await writeOnce(path.join(folder, ignoreFileName(endpoint.name)), files.ignore);
    built.push({ endpoint: endpoint.name, file: target, commands: files.commands });
  }
  if (options.json) return printJson({ built });
  for (const { commands, file: target } of built) {
    print(`# in ${path.dirname(target)}`);
    for (const command of commands) print(command);
  }
}

/** One that its author changed stays: `wx` refuses to write over it. */
async function writeOnce(target: string, text: string): Promise<void> {
  try {
    await writeFile(target, text, { flag: 'wx' });
    note(`wrote ${target}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    note(`${target} is there already and stays as it is`);
  }
}
