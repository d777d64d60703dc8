import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * Cores that this process may really use: what the system offers, or less where its control group has a CPU quota. Node
 * itself knows the quota of a version 2 group only, and of a version 1 group that several controllers share.
 */
export function usableCores(
  offered = availableParallelism(),
  read: (file: string) => string | undefined = readText,
): number {
  const quota = quotaOfVersion2(read) ?? quotaOfVersion1(read) ?? Number.POSITIVE_INFINITY;
  // More threads than whole cores would be stopped in the middle of a run until the next period.
  return Math.max(1, Math.min(offered, Math.floor(quota)));
}

const ROOT = '/sys/fs/cgroup';

/** In a container its own group is what it sees at the root. */
function quotaOfVersion2(read: (file: string) => string | undefined): number | undefined {
  const own = /^0::(.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  for (const folder of [path.join(ROOT, own), ROOT]) {
    const [quota, period] = read(path.join(folder, 'cpu.max'))?.trim().split(' ') ?? [];
    if (quota !== undefined) return ratio(quota, period);
  }
  return undefined;
}

function quotaOfVersion1(read: (file: string) => string | undefined): number | undefined {
  const own = /^\d+:(?:\w+,)*cpu(?:,\w+)*:(.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  for (const folder of [path.join(ROOT, 'cpu', own), path.join(ROOT, 'cpu')]) {
    const quota = read(path.join(folder, 'cpu.cfs_quota_us'));
    if (quota !== undefined) return ratio(quota, read(path.join(folder, 'cpu.cfs_period_us')));
  }
  return undefined;
}

/** `max` and -1 say that there is no limit. */
function ratio(quota: string, period = ''): number | undefined {
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
