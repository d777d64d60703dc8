/** What is shown of a pull while it goes on. */
export interface PullView {
  /** A remark about the whole. */
  say(sentence: string): void;
  /** Bytes of a file so far; `total` where it is known. */
  progress(file: string, bytes: number, total: number | undefined): void;
  /** A file is whole and right. */
  done(file: string, bytes: number): void;
  close(): void;
}
