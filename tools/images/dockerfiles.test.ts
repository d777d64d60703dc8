import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { environmentOf, execForm, parseDockerfile, type Stage } from './dockerfile.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

const WORKERS = ['docker/cpu/Dockerfile', 'docker/cuda/Dockerfile'];
const ALL = [...WORKERS, 'docker/with-models/Dockerfile'];

const lastStage = (file: string): Stage => parseDockerfile(read(file)).at(-1) as Stage;
const textsOf = (stage: Stage, keyword: string) =>
  stage.instructions.filter((one) => one.keyword === keyword).map(({ text }) => text);

describe.each(ALL)('%s', (file) => {
  test('a linter finds nothing', () => {
    const found = validate(read(file)).map(({ message, range }) => `${range.start.line + 1}: ${message}`);
    expect(found).toEqual([]);
  });

  test('every base image carries a version', () => {
    for (const { base } of parseDockerfile(read(file))) expect(base).toMatch(/^[\w./-]+:(?!latest)[\w.-]+$/);
  });
});

describe.each(WORKERS)('%s', (file) => {
  const stages = parseDockerfile(read(file));
  const stage = lastStage(file);

  test('it runs as nobody special, in exec form, and says whether it is well', () => {
    expect(textsOf(stage, 'USER')).toEqual(['1000:1000']);
    expect(execForm(stage, 'ENTRYPOINT')).toEqual(['tini', '-s', '--']);
    expect(execForm(stage, 'CMD')).toEqual(['spillway-worker']);
    expect(textsOf(stage, 'HEALTHCHECK').join()).toContain('CMD ["spillway-worker", "--health"]');
    expect(textsOf(stage, 'EXPOSE')).toEqual(['8000']);
  });

  test('packages come without what they recommend, and leave no lists behind', () => {
    const [install = ''] = textsOf(stage, 'RUN').filter((text) => text.includes('apt-get'));
    expect(install).toContain('install --yes --no-install-recommends');
    expect(install).toContain('rm -rf /var/lib/apt/lists/*');
  });

  test('what it copies is there, or made by a stage before it', () => {
    const names = new Set(stages.map(({ name }) => name));
    const made = [/^\/source\/dist\/pack\/tarballs\/$/, /^\/opt\/spillway$/, /^\/usr\/local\/bin\/node$/];
    for (const text of stages.flatMap((one) => textsOf(one, 'COPY'))) {
      const parts = text.split(/\s+/);
      const from = /^--from=(.+)$/.exec(parts[0] ?? '')?.[1];
      for (const source of parts.slice(from === undefined ? 0 : 1, -1)) {
        if (from === undefined) expect(existsSync(path.join(ROOT, source))).toBe(true);
        else expect(names).toContain(from);
        const isMade = made.some((one) => one.test(source));
        if (!isMade) expect(existsSync(path.join(ROOT, source.replace(/^\/source/, '')))).toBe(true);
      }
    }
  });

  test('its variables are explained to its users', () => {
    const guide = read('docs/deploy.md');
    for (const name of Object.keys(environmentOf(stage))) {
      if (!['PATH', 'NODE_ENV'].includes(name)) expect(guide).toContain(`\`${name}\``);
    }
  });
});

test('both flavours differ in what models run on, and in nothing else at run time', () => {
  const [cpu, cuda] = WORKERS.map((file) => lastStage(file)) as [Stage, Stage];
  const { ONNX_PROVIDER: onCpu, ...same } = environmentOf(cpu);
  const { ONNX_PROVIDER: onCard, ...sameToo } = environmentOf(cuda);
  expect([onCpu, onCard]).toEqual(['cpu', 'auto']);
  expect(sameToo).toEqual(same);
  for (const keyword of ['USER', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'])
    expect(textsOf(cuda, keyword)).toEqual(textsOf(cpu, keyword));
});

test('what may hold secrets, or is made again in the image, stays out of the build', () => {
  const ignored = read('.dockerignore').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/.spillway', '.git']));
});
