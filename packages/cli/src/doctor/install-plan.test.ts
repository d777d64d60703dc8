import { expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { planInstall } from './install-plan.ts';

const absent: Finding = {
  name: 'ffmpeg',
  status: 'optional',
  detail: 'not found',
  packages: { 'apt-get': ['ffmpeg'], dnf: ['ffmpeg-free'], apk: ['ffmpeg'], brew: ['ffmpeg'] },
};
const present: Finding = { ...absent, name: 'python3', status: 'ok' };
const noPackage: Finding = { name: 'gpu', status: 'optional', detail: 'no driver' };

test('what is there, and what no package manager has, is left alone', () => {
  expect(planInstall([present, noPackage], { manager: 'apt-get', isRoot: true })).toBeUndefined();
});

test('as root the lists are refreshed and only the absent packages installed', () => {
  expect(planInstall([present, absent, noPackage], { manager: 'apt-get', isRoot: true })).toEqual({
    commands: [
      ['apt-get', 'update'],
      ['apt-get', 'install', '--yes', '--no-install-recommends', 'ffmpeg'],
    ],
  });
});

test('a user who is not root gets the commands and is told', () => {
  const plan = planInstall([absent], { manager: 'dnf', isRoot: false });
  expect(plan?.commands).toEqual([['dnf', 'install', '--assumeyes', 'ffmpeg-free']]);
  expect(plan?.obstacle).toContain('dnf needs root');
});

test('brew needs no root', () => {
  expect(planInstall([absent], { manager: 'brew', isRoot: false })).toEqual({
    commands: [['brew', 'install', 'ffmpeg']],
  });
});

test('a machine without a package manager is told which were looked for', () => {
  const plan = planInstall([absent], { manager: undefined, isRoot: true });
  expect(plan).toEqual({
    commands: [],
    obstacle: 'no package manager found (looked for apt-get, dnf, apk, brew)',
  });
});
