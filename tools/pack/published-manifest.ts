/**
 * What a workspace's package.json becomes in its tarball. In the repository Node runs the TypeScript in `src`; under
 * `node_modules` it refuses TypeScript, so a published package has the same files compiled, in `dist`. Everything else
 * is said once, in the workspace.
 */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Entry points, by what comes after the package's name in an import. All are TypeScript in `src`. */
  readonly exports: Readonly<Record<string, string>>;
  /** What the package's own code imports by `#name`: a file of `src` for each condition. */
  readonly imports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  /** Files and folders that ship besides compiled code. What lies in `src` ships in `dist`, at the same place. */
  readonly files?: readonly string[];
  readonly [key: string]: unknown;
}

/** Of use in the repository only. */
const LEFT_OUT = new Set(['devDependencies', 'scripts', 'files', 'exports', 'imports']);

export function publishedManifest(manifest: Manifest): Record<string, unknown> {
  const kept = Object.entries(manifest).filter(([key]) => !LEFT_OUT.has(key));
  const exports = Object.entries(manifest.exports).map(([entry, source]) => [
    entry,
    // Types first: whoever reads the conditions takes the first that fits.
    { types: builtPath(source, '.d.ts'), default: builtPath(source, '.js') },
  ]);
  const besides = (manifest.files ?? []).filter((file) => !file.startsWith('src/'));
  return {
    ...Object.fromEntries(kept),
    files: ['dist', ...besides],
    exports: Object.fromEntries(exports),
    ...(manifest.imports ? { imports: builtImports(manifest.imports) } : {}),
  };
}

function builtImports(imports: NonNullable<Manifest['imports']>) {
  return Object.fromEntries(
    Object.entries(imports).map(([name, conditions]) => [
      name,
      Object.fromEntries(Object.entries(conditions).map(([when, file]) => [when, builtPath(file, '.js')])),
    ]),
  );
}

/** `./src/worker/index.ts` → `./dist/worker/index.js`. */
export function builtPath(source: string, extension: '.js' | '.d.ts'): string {
  const name = /^\.\/src\/(.+)\.ts$/.exec(source)?.[1];
  if (name === undefined) throw new Error(`exports name ${source}; expected ./src/….ts`);
  return `./dist/${name}${extension}`;
}
