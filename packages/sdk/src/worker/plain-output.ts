/**
 * The output of a handler as it is, whatever its keys: a job that returns `new PlainOutput({ status: 'error', error })` is
 * COMPLETED, for contracts that tell what went wrong inside their output.
 */
export class PlainOutput {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}
