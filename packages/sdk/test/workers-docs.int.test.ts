import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The samples of docs/workers.md do what the page says: files are written as they stand there, commands are run, and
// what they print is compared with the page.

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(root, 'docs/workers.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', name = '', text = '']) => ({ language, name, text }),
);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'workers-docs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const { language, name, text } of blocks) {
    if (language === 'ts') writeFileSync(join(folder, name), text);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function shell(command: string): string {
  const { stdout } = spawnSync('sh', ['-c', `exec 2>&1; ${command}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
  });
  return stdout.trim();
}

test('each block is a named file or a session with commands', () => {
  expect(blocks.length).toBeGreaterThan(5);
  for (const { language, name, text } of blocks) {
    if (language === 'ts') expect(name).toMatch(/\.ts$/);
    else expect([language, text.startsWith('$ ')]).toEqual(['console', true]);
  }
});

test('the files pass the compiler with strict settings', () => {
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { noEmit: true, composite: false, emitDeclarationOnly: false, declaration: false },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  expect(shell(`node ${join(root, 'node_modules/typescript/bin/tsc')} -p .`)).toBe('');
});

test('the commands print what the page says', () => {
  const sessions = blocks.filter(({ language }) => language === 'console').map(({ text }) => text);
  for (const session of sessions) {
    for (const part of session.split(/^\$ /m).slice(1)) {
      const [command = '', ...expected] = part.trim().split('\n');
      expect(shell(command), command).toBe(expected.join('\n'));
    }
  }
});
