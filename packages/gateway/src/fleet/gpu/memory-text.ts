/**
 * Amounts of a card's memory. A gigabyte is 1024 megabytes here, as in nvidia-smi and on the boxes of cards.
 */
export const GIGABYTE = 1024 ** 3;
export const MEGABYTE = 1024 ** 2;

/** `6 GB`, `2.1 GB`: what is there, never more than it is. */
export function memoryText(bytes: number): string {
  return `${Math.floor((Math.max(0, bytes) / GIGABYTE) * 10 + 1e-6) / 10} GB`;
}

/** `6 GB`, `2.1 GB`: what is needed, never less than it is. */
export function needText(bytes: number): string {
  return `${Math.ceil((bytes / GIGABYTE) * 10 - 1e-6) / 10} GB`;
}
