import type { Added } from './counters.ts';
import type { StoredJob } from './hot-jobs.ts';
import type { Overlay, Staged } from './overlay.ts';
import type { Write, WriteOperation } from './writes.ts';

/** What one operation decides to do: gathered here, seen by the operations behind it through the overlay. */
export class Draft implements WriteOperation {
  jobId: string | undefined;
  readonly writes: Write[] = [];
  readonly counts: [endpoint: string, added: Added][] = [];
  /** Undoes what other operations were promised, when it could not be written. */
  onFailed: (() => void) | undefined;
  readonly #overlay: Overlay;
  readonly #staged: [id: string, staged: Staged][] = [];
  #key: string | undefined;
  #drained: string | undefined;

  constructor(overlay: Overlay) {
    this.#overlay = overlay;
  }

  /** The job is so from now on. */
  stage(id: string, stored: StoredJob | undefined): void {
    const staged = { stored };
    const { jobs, queued } = this.#overlay;
    jobs.set(id, staged);
    if (stored?.isReady && stored.job.status === 'IN_QUEUE') queued.set(id, staged);
    else if (queued.size > 0) queued.delete(id);
    this.#staged.push([id, staged]);
  }

  stageKey(key: string, submit: { jobId: string; fingerprint: string }): void {
    this.#overlay.keys.set(key, submit);
    this.#key = key;
  }

  stageDrain(jobId: string): void {
    this.#overlay.drained.add(jobId);
    this.#drained = jobId;
  }

  /** It is on disk: the overlay keeps only what later operations changed again. */
  leave(keep: (stored: StoredJob) => void): void {
    const { jobs, queued, keys, drained } = this.#overlay;
    for (const [id, staged] of this.#staged) {
      if (staged.stored) keep(staged.stored);
      if (jobs.get(id) === staged) {
        jobs.delete(id);
        if (queued.size > 0) queued.delete(id);
      }
      staged.stored = undefined;
    }
    if (this.#key !== undefined) keys.delete(this.#key);
    if (this.#drained !== undefined) drained.delete(this.#drained);
  }
}
