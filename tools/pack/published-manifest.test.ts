import { expect, test } from 'vitest';
import { publishedManifest } from './published-manifest.ts';

test('entry points lead to compiled code and its types, and what only the repository needs is left out', () => {
  expect(
    publishedManifest({
      ...{ name: '@spillway/example', version: '1.2.3', license: 'MIT', type: 'module' },
      exports: { '.': './src/index.ts', './worker': './src/worker/index.ts' },
      imports: { '#net': { node: './src/net/node.ts', default: './src/net/page.ts' } },
      bin: { example: './bin/example.mjs' },
      files: ['bin', 'src/models'],
      scripts: { start: 'node src/index.ts' },
      dependencies: { zod: '^4.0.0' },
      devDependencies: { vitest: '^5.0.0' },
    }),
  ).toEqual({
    ...{ name: '@spillway/example', version: '1.2.3', license: 'MIT', type: 'module' },
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './worker': { types: './dist/worker/index.d.ts', default: './dist/worker/index.js' },
    },
    imports: { '#net': { node: './dist/net/node.js', default: './dist/net/page.js' } },
    bin: { example: './bin/example.mjs' },
    files: ['dist', 'bin'],
    dependencies: { zod: '^4.0.0' },
  });
});

test('an entry point that is no source file is refused, since it would be missing from the package', () => {
  const manifest = { name: 'x', version: '1.0.0', exports: { '.': './lib/index.js' } };
  expect(() => publishedManifest(manifest)).toThrow('exports name ./lib/index.js; expected ./src/….ts');
});
