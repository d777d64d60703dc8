import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** Memory that a process holds, in bytes; what it shares with others counts whole. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

export function folderBytes(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return sum + folderBytes(place);
    return sum + (entry.isFile() ? statSync(place).size : 0);
  }, 0);
}
