import { expect, test } from 'vitest';
import { usableCores } from './usable-cores.ts';

const cores = (offered: number, files: Record<string, string>) => usableCores(offered, (file) => files[file]);

test('without a quota all cores on offer are used', () => {
  expect(cores(8, {})).toBe(8);
  expect(cores(8, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBe(8);
});

test('a container with a quota uses its whole cores, and one at least', () => {
  const inContainer = (quota: string) => ({
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/cpu.max': `${quota} 100000\n`,
  });
  expect(cores(8, inContainer('250000'))).toBe(2);
  expect(cores(8, inContainer('50000'))).toBe(1);
  expect(cores(2, inContainer('400000'))).toBe(2);
});

test('outside of a container the quota of its own group counts', () => {
  const files = {
    '/proc/self/cgroup': '0::/system.slice/worker.service\n',
    '/sys/fs/cgroup/system.slice/worker.service/cpu.max': '300000 100000\n',
  };
  expect(cores(8, files)).toBe(3);
});

test('groups of version 1 count too, as the host names them and as a container sees them', () => {
  const host = {
    '/proc/self/cgroup': '4:memory:/m\n1:cpu:/worker\n0::/\n',
    '/sys/fs/cgroup/cpu/worker/cpu.cfs_quota_us': '100000\n',
    '/sys/fs/cgroup/cpu/worker/cpu.cfs_period_us': '50000\n',
  };
  expect(cores(8, host)).toBe(2);
  const container = {
    '/proc/self/cgroup': '3:cpu,cpuacct:/docker/abc\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000\n',
    '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
  };
  expect(cores(8, container)).toBe(4);
  expect(cores(8, { ...container, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' })).toBe(8);
});
