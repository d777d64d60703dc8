import type { StoredJob } from './hot-jobs.ts';
import { slim } from './hot-jobs.ts';
import type { Overlay } from './overlay.ts';
import { readReadyJobs } from './read-job.ts';
import type { Reads } from './reads.ts';

export interface LineLimits {
  /** Read at once when a line has run out. */
  readonly readJobs: number;
  readonly mostKept: number;
}

const LIMITS: LineLimits = { readJobs: 32, mostKept: 1_000 };

/**
 * The next jobs of each endpoint in the order of delivery, so that a take reads nothing: read from the file some at a
 * time, and kept up with every change that is decided. A line knows its jobs up to some place; what stands behind is
 * found when it is read.
 */
export interface ReadyLines {
  /** The job is so from now on. `ready`: how many of its endpoint are. */
  note(stored: StoredJob, ready: number): void;
  /** The first that will do. */
  first(endpoint: string, overlay: Overlay, willDo: (stored: StoredJob) => boolean): StoredJob | undefined;
  /** Something that was noted did not come to be. */
  forget(): void;
}

export function createReadyLines(sql: Reads, limits = LIMITS): ReadyLines {
  const lines = new Map<string, Line>();
  function of(endpoint: string): Line {
    const known = lines.get(endpoint);
    if (known) return known;
    const line = new Line(sql, endpoint, limits);
    lines.set(endpoint, line);
    return line;
  }
  return {
    note(stored, ready) {
      const line = of(stored.job.endpoint);
      if (stored.isReady && stored.job.status === 'IN_QUEUE') line.put(stored, ready);
      else line.remove(stored);
    },
    first: (endpoint, overlay, willDo) => of(endpoint).first(overlay, willDo),
    forget: () => lines.clear(),
  };
}

class Line {
  readonly #sql: Reads;
  readonly #endpoint: string;
  readonly #limits: LineLimits;
  #jobs: StoredJob[] = [];
  /** Those before are taken. */
  #head = 0;
  /** No ready job stands behind them. */
  #isAll = false;

  constructor(sql: Reads, endpoint: string, limits: LineLimits) {
    this.#limits = limits;
    this.#sql = sql;
    this.#endpoint = endpoint;
  }

  put(stored: StoredJob, ready: number): void {
    // Alone, whatever was known.
    if (ready === 1) this.#restart([], true);
    const at = this.#placeOf(stored);
    const isThere = this.#jobs[at]?.seq === stored.seq;
    if (isThere) this.#jobs[at] = slim(stored);
    else if (at < this.#jobs.length) this.#jobs.splice(at, 0, slim(stored));
    else if (this.#isAll) this.#jobs.push(slim(stored));
    if (this.#jobs.length - this.#head <= this.#limits.mostKept) return;
    this.#jobs.pop();
    this.#isAll = false;
  }

  remove(stored: StoredJob): void {
    const at = this.#placeOf(stored);
    if (this.#jobs[at]?.seq !== stored.seq) return;
    if (at > this.#head) this.#jobs.splice(at, 1);
    else if (this.#head + 1 === this.#jobs.length) this.#restart([], this.#isAll);
    else if (this.#head < this.#limits.readJobs) this.#head += 1;
    else this.#restart(this.#jobs.slice(this.#head + 1), this.#isAll);
  }

  first(overlay: Overlay, willDo: (stored: StoredJob) => boolean): StoredJob | undefined {
    for (let at = this.#head; ; at += 1) {
      // None are left to be read in most cases, and some are found in the others.
      while (at >= this.#jobs.length && !this.#isAll) {
        const before = this.#jobs.length;
        this.#read(overlay);
        if (this.#jobs.length > before) break;
      }
      const stored = this.#jobs[at];
      if (!stored || willDo(stored)) return stored;
    }
  }

  #restart(jobs: StoredJob[], isAll: boolean): void {
    this.#jobs = jobs;
    this.#head = 0;
    this.#isAll = isAll;
  }

  /** Where it stands, or would. */
  #placeOf(stored: StoredJob): number {
    const last = this.#jobs.at(-1);
    // New jobs go to the end, taken ones leave at the front.
    if (last && isBefore(last, stored)) return this.#jobs.length;
    let [from, to] = [this.#head, this.#jobs.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const one = this.#jobs[middle];
      if (one && isBefore(one, stored)) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Some of the jobs behind the last; what is on its way to the file is known from the overlay. */
  #read({ jobs, queued }: Overlay): void {
    let after = this.#jobs.at(-1);
    const found: StoredJob[] = [];
    const previous = after;
    while (found.length === 0 && !this.#isAll) {
      const rows = readReadyJobs(this.#sql, this.#endpoint, after, this.#limits.readJobs);
      this.#isAll = rows.length < this.#limits.readJobs;
      after = rows.at(-1) ?? after;
      for (const one of rows) if (!jobs.has(one.job.id)) found.push(one);
    }
    for (const { stored } of queued.values()) {
      if (stored?.job.endpoint !== this.#endpoint || (previous && !isBefore(previous, stored))) continue;
      if (this.#isAll || (after && isBefore(stored, after))) found.push(slim(stored));
    }
    this.#jobs.push(...found.sort((a, b) => (isBefore(a, b) ? -1 : 1)));
  }
}

/** Whether `a` is delivered before `b`. */
function isBefore(a: StoredJob, b: StoredJob): boolean {
  const [first, second] = [a.job.priority, b.job.priority];
  return first === second ? a.seq < b.seq : first > second;
}
