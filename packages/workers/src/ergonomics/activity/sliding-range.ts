/** Largest minus smallest value of a window whose both ends only move forward, in constant time a step. */
export class SlidingRange {
  private readonly largest: [at: number, value: number][] = [];
  private readonly smallest: [at: number, value: number][] = [];

  push(at: number, value: number): void {
    while ((this.largest.at(-1)?.[1] ?? Number.POSITIVE_INFINITY) <= value) this.largest.pop();
    while ((this.smallest.at(-1)?.[1] ?? Number.NEGATIVE_INFINITY) >= value) this.smallest.pop();
    this.largest.push([at, value]);
    this.smallest.push([at, value]);
  }

  /** Forgets what was pushed for positions before `at`. */
  dropBefore(at: number): void {
    while ((this.largest[0]?.[0] ?? at) < at) this.largest.shift();
    while ((this.smallest[0]?.[0] ?? at) < at) this.smallest.shift();
  }

  /** 0 for an empty window. */
  get range(): number {
    return (this.largest[0]?.[1] ?? 0) - (this.smallest[0]?.[1] ?? 0);
  }
}
