import type { Card } from './card.ts';
import { GIGABYTE, MEGABYTE } from './memory-text.ts';

/** Columns that are asked for; the last one is unknown to drivers from before MIG. */
export const CARD_COLUMNS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'driver_version',
] as const;
export const MIG_COLUMN = 'mig.mode.current';

export interface ListedCards {
  readonly cards: readonly Card[];
  readonly driverVersion?: string;
  /** UUIDs of cards that are cut into parts: CUDA can use only these, not the whole. */
  readonly cut: readonly string[];
  /** Lines that tell of no usable card. */
  readonly unread: readonly string[];
}

/**
 * Reads `--query-gpu=… --format=csv,noheader,nounits`: one card a line, memory in MiB. A line that can't be understood
 * (a card that fell off the bus, one that shares the machine's memory and tells none) is left out, never guessed at.
 */
export function parseCardList(stdout: string): ListedCards {
  const cards: Card[] = [];
  const cut: string[] = [];
  const unread: string[] = [];
  let driverVersion: string | undefined;
  for (const line of stdout.split(/\r?\n/).filter((text) => text.trim() !== '')) {
    const [index = '', id = '', ...rest] = line.split(',').map((cell) => cell.trim());
    const hasMig = /^(enabled|disabled|\[.*\])$/i.test(rest.at(-1) ?? '');
    const [driver, used, total, ...name] = (hasMig ? rest.slice(0, -1) : rest).toReversed();
    const totalMiB = amountOf(total);
    if (!/^\d+$/.test(index) || !/^GPU-[\w-]+$/.test(id) || name.length === 0 || !totalMiB) {
      unread.push(line.trim().slice(0, 200));
      continue;
    }
    const usedMiB = amountOf(used);
    cards.push({
      ...{ id, index: Number(index), name: name.toReversed().join(', '), totalBytes: totalMiB * MEGABYTE },
      ...(usedMiB === undefined ? {} : { usedBytes: usedMiB * MEGABYTE }),
    });
    driverVersion ??= driver;
    if (hasMig && /^enabled$/i.test(rest.at(-1) ?? '')) cut.push(id);
  }
  return { cards, cut, unread, ...(driverVersion === undefined ? {} : { driverVersion }) };
}

/** MiB; undefined for `[N/A]` and anything else that is no number. */
function amountOf(cell: string | undefined): number | undefined {
  return cell !== undefined && /^\d+$/.test(cell) ? Number(cell) : undefined;
}

/**
 * What a card has of the memory that its name says, at least: error correction and the driver take the rest (a 48 GB A40
 * shows 46068 MiB, a 24 GB L4 23034). Also for parts of a card, whose size is known by their profile only.
 */
export const USABLE_SHARE = 0.93;

/** The parts that `nvidia-smi -L` lists below the cards that are cut; `GPU 0: …` lines name the cards themselves. */
export function parseParts(stdout: string, cards: readonly Card[]): readonly Card[] {
  const parts: Card[] = [];
  let whole: Card | undefined;
  for (const line of stdout.split(/\r?\n/)) {
    const card = /^GPU \d+:.*\(UUID: (GPU-[\w-]+)\)/.exec(line);
    if (card) whole = cards.find(({ id }) => id === card[1]);
    const [, profile = '', gigabytes, id] =
      /^\s+MIG (\S*?(\d+)gb\S*)\s.*\(UUID: (MIG-[\w/-]+)\)/.exec(line) ?? [];
    if (!whole || gigabytes === undefined || id === undefined) continue;
    const totalBytes = Math.floor(Number(gigabytes) * GIGABYTE * USABLE_SHARE);
    parts.push({ id, index: whole.index, name: whole.name, totalBytes, part: profile });
  }
  return parts;
}
