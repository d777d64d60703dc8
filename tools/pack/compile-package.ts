import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtPath, type Manifest } from './published-manifest.ts';

/**
 * Compiles one workspace's `src` to JavaScript and types. Only what its entry points lead to is compiled, so tests and
 * their fixtures stay out by themselves. No source maps: the sources don't ship, and the JavaScript is the TypeScript
 * without its types.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

export interface CompileOptions {
  /** The workspace's folder. */
  readonly source: string;
  readonly manifest: Manifest;
  /** Where the package is put together; code goes to `dist` in it. */
  readonly staged: string;
  /** Packages that were compiled before: where their types are, by import. */
  readonly types: Readonly<Record<string, string>>;
}

/** @throws Error with what the compiler said. */
export function compilePackage({ source, manifest, staged, types }: CompileOptions): void {
  const own = Object.values(manifest.imports ?? {}).flatMap((conditions) => Object.values(conditions));
  const entries = [...Object.values(manifest.exports), ...own].map((file) => path.join(source, file));
  const config = {
    extends: path.join(source, 'tsconfig.json'),
    compilerOptions: {
      ...{ composite: false, incremental: false, tsBuildInfoFile: null },
      ...{ emitDeclarationOnly: false, rewriteRelativeImportExtensions: true, noEmitOnError: true },
      rootDir: path.join(source, 'src'),
      outDir: path.join(staged, 'dist'),
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
      paths: Object.fromEntries(Object.entries(types).map(([name, file]) => [name, [file]])),
    },
    include: [],
    files: [...entries, ...findThreadModules(path.join(source, 'src'))],
  };
  const configFile = `${staged}.tsconfig.json`;
  writeFileSync(configFile, JSON.stringify(config, null, 2));
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSC, '-p', configFile], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${manifest.name} does not compile:\n${stdout}${stderr}`);
}

/** The types of each entry point of a compiled package, by what an import of it says. */
export function typesOf(manifest: Manifest, staged: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(manifest.exports).map(([entry, file]) => [
      path.posix.join(manifest.name, entry),
      path.join(staged, builtPath(file, '.d.ts')),
    ]),
  );
}

/** Modules that are started in threads or processes of their own are imported by nobody, and named by `siblingModule`. */
function findThreadModules(folder: string): string[] {
  const found: string[] = [];
  for (const file of globSync('**/*.ts', { cwd: folder, exclude: ['**/*.test.ts'] })) {
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, name] of text.matchAll(/siblingModule\(import\.meta\.url, '([\w-]+)'\)/g)) {
      const module = path.join(folder, path.dirname(file), `${name}.ts`);
      if (!existsSync(module)) throw new Error(`${file} names ${name}, and there is no ${module}`);
      found.push(module);
    }
  }
  return found;
}
