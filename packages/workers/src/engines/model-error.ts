/**
 * A model that cannot be used: missing, damaged, of another contract, of a format that does not load. The message is
 * written for the person who runs the worker and says what to do.
 */
export class ModelError extends Error {
  override readonly name: string = 'ModelError';
}

/** The model itself may be fine, but it is none of those asked for; a search goes on to the next one. */
export class OtherContractError extends ModelError {
  override readonly name = 'OtherContractError';
}

/** The model is there in other number formats than the one that was asked for. */
export class MissingDtypeError extends ModelError {
  override readonly name = 'MissingDtypeError';
}

/** `model.json` is there and wrong. */
export class CardError extends ModelError {
  override readonly name = 'CardError';
}

/** What an error about a model that was looked for ends with. */
export function lookedIn(folders: readonly string[]): string {
  return `Looked in: ${folders.join(', ')}.`;
}

/** For `catch`: an error about the model that a variable names begins with the variable. */
export function naming(variable: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof ModelError
      ? new ModelError(`${variable}: ${error.message}`, { cause: error })
      : error;
  };
}
