import type { Analysis, JobStatusView, Progress, Quality, StartedJob } from './analysis.ts';
import type { Explained } from './explain-error.ts';
import { type Remembered, recall, remember } from './memory.ts';
import { createTransferRate, type TransferRate } from './transfer-rate.ts';
import { fingerprintOf, refuseFile } from './video-file.ts';

/** What the page shows; one at a time. */
export type PageState =
  | { readonly is: 'needsLink'; readonly sentence: string }
  | { readonly is: 'choosing'; readonly problem?: string; readonly unfinished?: Remembered }
  | { readonly is: 'chosen'; readonly file: File; readonly unfinished?: Remembered }
  | UploadingState
  | {
      readonly is: 'processing';
      readonly name: string;
      readonly progress: Progress;
      readonly isCancelling: boolean;
    }
  | { readonly is: 'done'; readonly view: JobStatusView; readonly name: string }
  | { readonly is: 'failed'; readonly sentence: string; readonly canGoOn: boolean; readonly name: string };

export interface UploadingState {
  readonly is: 'uploading';
  readonly name: string;
  readonly isPaused: boolean;
  readonly sentBytes: number;
  readonly sizeBytes: number;
  readonly bytesPerSecond: number | undefined;
}

export interface SessionOptions {
  readonly analysis: Analysis;
  readonly endpoint: string;
  readonly now: () => number;
  /** Of bodies that are under way. */
  inFlightBytes(): number;
  show(state: PageState): void;
  explain(error: unknown): Explained;
}

const PAUSED = 'paused';
const LEFT = 'left';
const WAITING: Progress = { stage: 'waiting for a worker', percent: 0 };

/**
 * One video's way through the page: chosen, uploaded, processed, shown. What it has reached is remembered by the browser,
 * so a page that is opened again goes on there.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #rate: TransferRate;
  #file: File | undefined;
  #running = new AbortController();
  /** Of whole parts. */
  #partBytes = 0;
  #isCancelling = false;
  #known: Remembered | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#rate = createTransferRate(options.now);
    this.#known = recall(options.endpoint);
  }

  get file(): File | undefined {
    return this.#file;
  }

  /** Goes on with what this browser remembers. */
  open(): void {
    if (this.#isUploaded()) {
      void this.#process();
      return;
    }
    this.#choosing();
    void this.#goOnIfWhole();
  }

  /** All bytes may be there already, when a page was closed just before it heard so. */
  async #goOnIfWhole(): Promise<void> {
    const { uploadId } = this.#known ?? {};
    if (uploadId === undefined) return;
    const videoKey = await this.#options.analysis.keyOfWhole(uploadId).catch(() => undefined);
    if (videoKey === undefined || this.#known?.uploadId !== uploadId || this.#isUploaded()) return;
    this.#note({ videoKey });
    void this.#process();
  }

  choose(chosen: File): void {
    const problem = refuseFile(chosen);
    if (problem !== undefined) {
      this.#choosing(problem);
      return;
    }
    this.#file = chosen;
    const known = this.#known;
    const isSame = known !== undefined && known.fingerprint === fingerprintOf(chosen);
    this.#options.show({ is: 'chosen', file: chosen, ...(isSame ? { unfinished: known } : {}) });
  }

  begin(quality: Quality, title: string): void {
    const file = this.#file;
    if (!file) return;
    const { name, size: sizeBytes } = file;
    const fingerprint = fingerprintOf(file);
    const before = this.#known?.fingerprint === fingerprint ? this.#known : undefined;
    this.#keep({ sentBytes: 0, ...before, name, sizeBytes, fingerprint, quality, title });
    void this.#upload();
  }

  pause(): void {
    this.#running.abort(PAUSED);
    this.#rate.forget();
    this.#uploading(true);
  }

  resume(): void {
    void this.#upload();
  }

  /** Bytes went out. */
  noteProgress(): void {
    if (this.#file && !this.#isUploaded() && !this.#running.signal.aborted) this.#uploading();
  }

  /** Nothing of the upload stays. */
  async discard(): Promise<void> {
    const id = this.#known?.uploadId;
    this.again();
    if (id !== undefined) await this.#options.analysis.discardUpload(id).catch(() => undefined);
  }

  /** A job that is just being started is cancelled once it is. */
  async cancel(): Promise<void> {
    const { signal } = this.#running;
    this.#isCancelling = true;
    this.#processing({ stage: 'cancelling', percent: 0 });
    const jobId = this.#known?.jobId;
    if (jobId === undefined) return;
    try {
      await this.#options.analysis.cancel(jobId);
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  /** After a failure that may be over. */
  goOn(): void {
    if (this.#isUploaded()) void this.#process();
    else void this.#upload();
  }

  /** Another video. */
  again(): void {
    this.leave();
    this.#file = undefined;
    this.#keep(undefined);
    this.#choosing();
  }

  leave(): void {
    this.#running.abort(LEFT);
  }

  async #upload(): Promise<void> {
    const file = this.#file;
    if (!file || !this.#known) {
      this.#choosing();
      return;
    }
    this.#partBytes = 0;
    this.#rate.forget();
    const signal = this.#start();
    const { analysis } = this.#options;
    try {
      const { id: uploadId } = await analysis.begin(file);
      signal.throwIfAborted();
      const before = this.#known.uploadId === uploadId ? this.#known.parts : undefined;
      const acknowledged = new Set(before);
      this.#note({ uploadId, parts: [...acknowledged] });
      this.#uploading();
      const onProgress = (bytes: number) => {
        if (!signal.aborted) this.#partArrived(bytes, [...acknowledged]);
      };
      const videoKey = await analysis.send(file, { signal, acknowledged, onProgress });
      this.#note({ sentBytes: file.size, videoKey });
    } catch (error) {
      this.#fail(error, signal);
      return;
    }
    await this.#process();
  }

  #partArrived(bytes: number, parts: readonly number[]): void {
    // What was there before is no speed.
    if (this.#partBytes === 0) this.#rate.forget();
    this.#partBytes = bytes;
    this.#note({ sentBytes: bytes, parts });
    this.#uploading();
  }

  async #process(): Promise<void> {
    const { analysis } = this.#options;
    const signal = this.#start();
    this.#isCancelling = false;
    const onProgress = (value: Progress) => {
      if (!signal.aborted && !this.#isCancelling) this.#processing(value);
    };
    try {
      const known = this.#known;
      if (known?.videoKey !== undefined && known.jobId === undefined) {
        this.#processing({ stage: 'starting', percent: 0 });
        const onStarted = (job: StartedJob) => {
          if (signal.aborted) return;
          const isNew = this.#known?.jobId === undefined;
          this.#note(job);
          if (isNew && this.#isCancelling) void this.cancel();
        };
        await analysis.start(known.videoKey, known, { signal, onProgress, onStarted });
      }
      const { jobId, processJobId } = this.#known ?? {};
      if (jobId === undefined) return;
      onProgress(WAITING);
      const job = { jobId, ...(processJobId === undefined ? {} : { processJobId }) };
      this.#ended(await analysis.watch(job, signal, onProgress), signal);
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  #ended(view: JobStatusView, signal: AbortSignal): void {
    if (signal.aborted) return;
    const name = this.#known?.name ?? '';
    if (view.status === 'completed') {
      this.#options.show({ is: 'done', view, name });
      return;
    }
    // What the server has refused is not asked for again by a reload.
    this.#keep(undefined);
    const sentence = view.error ?? 'The processing failed, and the server says no reason.';
    this.#options.show({ is: 'failed', sentence, canGoOn: false, name });
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    const { show, explain } = this.#options;
    const { needs, sentence } = explain(error);
    this.leave();
    if (needs === 'link') show({ is: 'needsLink', sentence });
    else if (needs === 'file') this.#choosing(sentence);
    else show({ is: 'failed', sentence, canGoOn: true, name: this.#known?.name ?? '' });
  }

  #choosing(problem?: string): void {
    const unfinished = this.#isUploaded() ? undefined : this.#known;
    this.#options.show({
      is: 'choosing',
      ...(problem === undefined ? {} : { problem }),
      ...(unfinished ? { unfinished } : {}),
    });
  }

  #uploading(isPaused = false): void {
    const file = this.#file;
    if (!file) return;
    const { show, inFlightBytes } = this.#options;
    const sentBytes = Math.min(file.size, this.#partBytes + (isPaused ? 0 : inFlightBytes()));
    if (!isPaused) this.#rate.note(sentBytes);
    const bytesPerSecond = isPaused ? undefined : this.#rate.bytesPerSecond();
    show({ is: 'uploading', name: file.name, isPaused, sentBytes, sizeBytes: file.size, bytesPerSecond });
  }

  #processing(progress: Progress): void {
    const name = this.#known?.name ?? '';
    this.#options.show({ is: 'processing', name, progress, isCancelling: this.#isCancelling });
  }

  #start(): AbortSignal {
    this.#running = new AbortController();
    return this.#running.signal;
  }

  #isUploaded(): boolean {
    return this.#known?.videoKey !== undefined || this.#known?.jobId !== undefined;
  }

  #note(more: Partial<Remembered>): void {
    if (this.#known) this.#keep({ ...this.#known, ...more });
  }

  #keep(value: Remembered | undefined): void {
    this.#known = value;
    remember(this.#options.endpoint, value);
  }
}
