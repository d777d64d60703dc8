import { tooLongForQuality } from '@spillway/protocol/ergonomics';
import type { AnalysisSettings, JobStatusView, Progress, StartedJob, Terms } from './analysis.ts';
import { type Remembered, recall, remember } from './memory.ts';
import type { ChosenState, PageState } from './page-state.ts';
import type { SessionOptions } from './session-options.ts';
import { createTransferRate, type TransferRate } from './transfer-rate.ts';
import { fingerprintOf, refuseFile, refuseLong, type VideoFacts } from './video-file.ts';

const PAUSED = 'paused';
const LEFT = 'left';
/** A tab in the background may be let speak once a minute only. */
const TAB_SILENT_MS = 90_000;
const WAITING: Progress = { stage: 'waiting for a worker', percent: 0 };

/**
 * One video's way through the page: chosen, uploaded, processed, shown. What it has reached is remembered by the browser,
 * so a page that is opened again goes on there.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #rate: TransferRate;
  #file: File | undefined;
  /** Of the file, once the browser has looked. */
  #facts: Promise<VideoFacts | undefined> = Promise.resolve(undefined);
  #running = new AbortController();
  /** Of whole parts. */
  #partBytes = 0;
  #isCancelling = false;
  #isSending = false;
  #shown: PageState['is'] | undefined;
  #otherTabAt = Number.NEGATIVE_INFINITY;
  #known: Remembered | undefined;
  /** Undefined until the server has said them. */
  #terms: Terms | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    options.terms.then(
      (terms) => {
        this.#terms = terms;
      },
      () => undefined,
    );
    this.#rate = createTransferRate(options.now);
    this.#known = recall(options.endpoint);
  }

  get file(): File | undefined {
    return this.#file;
  }

  /** Closing the page now would break an upload off. */
  get isSending(): boolean {
    return this.#isSending;
  }

  get terms(): Promise<Terms> {
    return this.#options.terms;
  }

  /** Goes on with what this browser remembers, and with what was chosen under a link before. */
  open(file?: File): void {
    if (this.#isUploaded()) {
      void this.#process();
      return;
    }
    if (file) {
      this.choose(file);
      return;
    }
    this.#choosing();
    this.#options.tabs.ask();
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
    const problem = refuseFile(chosen, this.#terms?.maxVideoBytes);
    if (problem !== undefined) {
      this.#choosing(problem);
      return;
    }
    this.#file = chosen;
    this.#chosen({});
    this.#facts = this.#options.readFacts(chosen);
    void this.#facts.then((facts) => {
      if (this.#file === chosen && this.#shown === 'chosen') this.#measured(chosen, facts);
    });
  }

  /** With what is known by now of it and of what the server takes; whether it may go on. */
  #measured(file: File, facts: VideoFacts | undefined, settings?: AnalysisSettings): boolean {
    const tooLong = facts && refuseLong(file, facts, this.#terms?.maxVideoMs);
    if (tooLong !== undefined) {
      this.#file = undefined;
      this.#choosing(tooLong);
      return false;
    }
    const problem = facts && settings && tooLongForQuality(facts.seconds * 1000, settings.quality);
    this.#chosen({ facts: facts ?? 'unknown', ...(problem === undefined ? {} : { problem }) });
    return problem === undefined;
  }

  /** Once its length is known, where it can be: of a video that is too long nothing is sent. */
  async begin(settings: AnalysisSettings): Promise<void> {
    const file = this.#file;
    const facts = await this.#facts;
    if (!file || this.#file !== file || this.#shown !== 'chosen') return;
    if (this.#measured(file, facts, settings)) this.#begin(file, settings);
  }

  #begin(file: File, settings: AnalysisSettings): void {
    const { name, size: sizeBytes } = file;
    const fingerprint = fingerprintOf(file);
    if (this.#isOtherTabSending()) this.#known = recall(this.#options.endpoint);
    const before = this.#known?.fingerprint === fingerprint ? this.#known : undefined;
    if (before && this.#isOtherTabSending()) {
      this.#elsewhere();
      return;
    }
    this.#keep({ sentBytes: 0, ...before, name, sizeBytes, fingerprint, ...settings });
    void this.#upload();
  }

  pause(): void {
    this.#running.abort(PAUSED);
    this.#stopSending();
    this.#rate.forget();
    this.#uploading(true);
  }

  resume(): void {
    void this.#upload();
  }

  /** Bytes went out, or none did for a while. */
  noteProgress(): void {
    if (this.#isSending) this.#uploading();
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
    this.#stopSending();
  }

  /** Once a second, since nobody tells where nothing happens. */
  tick(): void {
    this.noteProgress();
    this.tellIfSending();
    if (this.#shown === 'elsewhere' && !this.#isOtherTabSending()) this.otherTabIsOver();
  }

  /** To other tabs, which ask when they are opened. */
  tellIfSending(): void {
    if (this.#isSending) this.#options.tabs.tellSending(this.#sentBytes());
  }

  otherTabSends(sentBytes: number): void {
    this.#otherTabAt = this.#options.now();
    if (this.#shown !== 'choosing' && this.#shown !== 'elsewhere') return;
    this.#known = recall(this.#options.endpoint);
    this.#elsewhere(sentBytes);
  }

  /** What it has reached is remembered for all of them. */
  otherTabIsOver(): void {
    this.#otherTabAt = Number.NEGATIVE_INFINITY;
    if (this.#shown !== 'elsewhere') return;
    this.#known = recall(this.#options.endpoint);
    this.open();
  }

  #isOtherTabSending(): boolean {
    return this.#options.now() - this.#otherTabAt < TAB_SILENT_MS;
  }

  #elsewhere(sentBytes = this.#known?.sentBytes ?? 0): void {
    const { name = '', sizeBytes = 0 } = this.#known ?? {};
    this.#show({ is: 'elsewhere', name, sentBytes, sizeBytes });
  }

  #stopSending(): void {
    this.#isSending = false;
    this.#options.tabs.tellOver();
  }

  #show(state: PageState): void {
    this.#shown = state.is;
    this.#options.show(state);
  }

  async #upload(): Promise<void> {
    const file = this.#file;
    if (!file || !this.#known) {
      this.#choosing();
      return;
    }
    this.#partBytes = this.#known.sentBytes;
    this.#rate.forget();
    const signal = this.#start();
    const { analysis } = this.#options;
    this.#isSending = true;
    this.#uploading();
    try {
      const { id: uploadId } = await analysis.begin(file, signal);
      signal.throwIfAborted();
      const before = this.#known.uploadId === uploadId ? this.#known.parts : undefined;
      const acknowledged = new Set(before);
      this.#note({ uploadId, parts: [...acknowledged] });
      let isFirst = true;
      const onProgress = (bytes: number) => {
        if (signal.aborted) return;
        // What was there before is no speed.
        if (isFirst) this.#rate.forget();
        isFirst = false;
        this.#partArrived(bytes, [...acknowledged]);
      };
      const videoKey = await analysis.send(file, { signal, acknowledged, onProgress });
      this.#isSending = false;
      this.#note({ sentBytes: file.size, videoKey });
    } catch (error) {
      this.#fail(error, signal);
      return;
    }
    await this.#process();
  }

  #partArrived(bytes: number, parts: readonly number[]): void {
    this.#partBytes = bytes;
    this.#note({ sentBytes: bytes, parts });
    this.tellIfSending();
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
          if (isNew) this.#options.tabs.tellOver();
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
      this.#show({ is: 'done', view, name });
      return;
    }
    const { jobId: _job, processJobId: _process, ...uploaded } = this.#known ?? {};
    // What the server has refused is not asked for again by a reload.
    this.#keep(undefined);
    const canGoOn = 'videoKey' in uploaded && view.state !== 'cancelled';
    // What was lost goes on behind its last segment where it is started again.
    if (canGoOn) this.#known = uploaded as Remembered;
    const sentence = view.error ?? 'The processing failed, and the server says no reason.';
    this.#show({ is: 'failed', sentence, canGoOn, name });
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    const { needs, sentence } = this.#options.explain(error);
    this.leave();
    if (needs === 'anew' || (needs === 'file' && this.#known?.uploadId === undefined)) this.#keep(undefined);
    if (needs === 'link') this.#show({ is: 'needsLink', sentence });
    else if (needs === 'file' || needs === 'anew') this.#choosing(sentence);
    else this.#show({ is: 'failed', sentence, canGoOn: true, name: this.#known?.name ?? '' });
  }

  #choosing(problem?: string): void {
    const unfinished = this.#isUploaded() ? undefined : this.#known;
    this.#show({
      is: 'choosing',
      ...(problem === undefined ? {} : { problem }),
      ...(unfinished ? { unfinished } : {}),
    });
  }

  #chosen(more: Pick<ChosenState, 'facts' | 'problem'>): void {
    const file = this.#file;
    if (!file) return;
    const known = this.#known;
    const isSame = known !== undefined && known.fingerprint === fingerprintOf(file);
    this.#show({ is: 'chosen', file, ...more, ...(isSame ? { unfinished: known } : {}) });
  }

  #uploading(isPaused = false): void {
    const file = this.#file;
    if (!file) return;
    const sentBytes = isPaused ? this.#partBytes : this.#sentBytes();
    if (!isPaused) this.#rate.note(sentBytes);
    const bytesPerSecond = isPaused ? undefined : this.#rate.bytesPerSecond();
    this.#show({
      is: 'uploading',
      name: file.name,
      isPaused,
      sentBytes,
      sizeBytes: file.size,
      bytesPerSecond,
    });
  }

  /** With what is under way. */
  #sentBytes(): number {
    return Math.min(this.#file?.size ?? 0, this.#partBytes + this.#options.inFlightBytes());
  }

  #processing(progress: Progress): void {
    const name = this.#known?.name ?? '';
    this.#show({ is: 'processing', name, progress, isCancelling: this.#isCancelling });
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
