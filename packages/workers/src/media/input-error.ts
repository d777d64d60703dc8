/** What the user sent cannot be used. The message is a sentence for the user: which field, what is wrong, what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** Name of the field in the job's input, where it is known. */
  readonly field: string | undefined;

  constructor(message: string, field?: string, options?: ErrorOptions) {
    super(message, options);
    this.field = field;
  }
}
