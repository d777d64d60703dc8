import { StartError } from '../backend.ts';

/** A container's variables, in the two ways in which an engine takes them without showing them to other users. */
export interface ContainerEnvironment {
  /** Text for `--env-file`. */
  readonly file: string;
  /** What a line of that file can't hold: handed over by name (`--env NAME`), with the value in the engine's own environment. */
  readonly passed: Readonly<Record<string, string>>;
}

// Docker reads the file in lines of at most 64 KiB.
const LONGEST_LINE = 32 * 1024;

/** Splits a worker's variables. Throws a StartError where one can't be handed over in either way. */
export function containerEnvironment(
  env: Readonly<Record<string, string>>,
  engineEnv: Readonly<Record<string, string>>,
): ContainerEnvironment {
  const passed: Record<string, string> = {};
  let file = '';
  for (const [name, value] of Object.entries(env)) {
    if (fitsLine(name, value)) {
      file += `${name}=${value}\n`;
    } else if (Object.hasOwn(engineEnv, name)) {
      throw new StartError(
        `can't be started: the variable ${name} (\`env\`) holds line breaks or is too long, and the container engine has one of this name itself; rename it`,
      );
    } else {
      passed[name] = value;
    }
  }
  return { file, passed };
}

/** Quotes and spaces at the ends are kept by today's engines, but not by everything that reads such files. */
function fitsLine(name: string, value: string): boolean {
  return name.length + value.length < LONGEST_LINE && !/[\r\n]/.test(value) && !/^["'\s]|["'\s]$/.test(value);
}
