import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Card } from './gpu/card.ts';

/** What this machine offers to workers, as their environment tells it. */
export interface HostHardware {
  readonly cpuCount: number;
  readonly gpuCount: number;
  /** Name of the first GPU, such as `NVIDIA H200`; `cpu` without one. */
  readonly gpuName: string;
}

/** Reads what the NVIDIA driver publishes under /proc: no tool to start, and nothing there means no GPU. */
export function readHostHardware(driverFolder = '/proc/driver/nvidia/gpus'): HostHardware {
  const gpus = listGpus(driverFolder);
  return { cpuCount: os.availableParallelism(), gpuCount: gpus.length, gpuName: gpus[0] ?? 'cpu' };
}

/**
 * What a worker of the endpoint sees of it: the cards that it was put on; else a container may be given fewer cards, or be
 * told of some that only its engine knows.
 */
export function visibleHardware(
  { container }: Endpoint,
  host: HostHardware,
  cards?: readonly Card[],
): HostHardware {
  if (cards) return { ...host, gpuCount: cards.length, gpuName: cards[0]?.name ?? 'cpu' };
  const gpus = container?.gpus;
  if (gpus === undefined) return host;
  const gpuCount = gpus === 'all' ? Math.max(1, host.gpuCount) : gpus;
  const name = host.gpuCount > 0 ? host.gpuName : 'GPU';
  return { ...host, gpuCount, gpuName: gpuCount === 0 ? 'cpu' : name };
}

function listGpus(folder: string): string[] {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => {
        const information = readFileSync(path.join(folder, name, 'information'), 'utf8');
        return /^Model:\s*(.+)$/m.exec(information)?.[1]?.trim() ?? 'NVIDIA GPU';
      });
  } catch {
    return [];
  }
}
