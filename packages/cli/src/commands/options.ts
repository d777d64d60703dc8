import { InvalidArgumentError, Option } from 'commander';

/** Options that several verbs share, so that they read the same everywhere. */
export const jsonOption = () => new Option('--json', 'print JSON on stdout, and nothing else there');

export const dataOption = () =>
  new Option(
    '--data <dir>',
    "the gateway's data directory, where its key is (default: `data` of ./spillway.yaml, else ./.spillway)",
  );

export const configOption = () =>
  new Option('--config <file>', 'the configuration (default: ./spillway.yaml)');

/** For whole numbers within bounds, as in `.argParser(wholeNumber(1, 500))`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** For options that may be given several times. */
export function collect(text: string, sofar: readonly string[] | undefined): readonly string[] {
  return [...(sofar ?? []), text];
}
