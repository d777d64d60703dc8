/**
 * A thread cannot be used because of one of its parts, one of several models say. It crosses the border between threads
 * as what it is, so that whoever started the thread may start another with something else in that part's place.
 */
export class UnusablePartError extends Error {
  override readonly name = 'UnusablePartError';
  readonly part: string;

  constructor(part: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.part = part;
  }
}
