import type { Clock } from '@spillway/sdk/clock';
import { type ProgramAnswer, runProgram } from '../../lib/run-program.ts';
import { type CardReading, visibleCards } from './card.ts';
import { CARD_COLUMNS, type ListedCards, MIG_COLUMN, parseCardList, parseParts } from './parse-nvidia-smi.ts';

/** A driver in trouble keeps its tool waiting, sometimes for ever. */
const PATIENCE_MS = 5_000;

export interface ReadCardsOptions {
  readonly clock: Clock;
  /** Where the tool is looked for (PATH), and which cards may be used (CUDA_VISIBLE_DEVICES). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/**
 * Asks nvidia-smi, the driver's own tool, which cards this machine has and how full they are. Never rejects: a machine
 * without the tool has no cards, and what else goes wrong is told in `problem`.
 */
export async function readCards({ clock, env, signal }: ReadCardsOptions): Promise<CardReading> {
  const call = (args: readonly string[]) =>
    runProgram('nvidia-smi', args, {
      ...{ env: toolEnvironment(env), clock, timeoutMs: PATIENCE_MS },
      ...(signal === undefined ? {} : { signal }),
    });
  // What changes while it is being looked at may have been missed.
  const readAt = clock.now();
  let answer = await call(query([...CARD_COLUMNS, MIG_COLUMN]));
  if (answer.code !== 0 && answer.stdout.includes('not a valid field'))
    answer = await call(query(CARD_COLUMNS));
  const failure = describeFailure(answer);
  if (failure !== undefined) return { readAt, cards: [], problem: failure };
  const listed = parseCardList(answer.stdout);
  const all = listed.cut.length === 0 ? listed.cards : await withParts(listed, call);
  const cards = visibleCards(all, env.CUDA_VISIBLE_DEVICES);
  const problem = whyFewer(listed, all.length, cards.length);
  const { driverVersion } = listed;
  return {
    ...{ readAt, cards },
    ...(driverVersion === undefined ? {} : { driverVersion }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function query(columns: readonly string[]): string[] {
  return [`--query-gpu=${columns.join(',')}`, '--format=csv,noheader,nounits'];
}

/** No key of the gateway goes to another program; nvidia-smi needs only to be found and to speak plainly. */
function toolEnvironment(env: ReadCardsOptions['env']): Record<string, string> {
  const { PATH = '', LD_LIBRARY_PATH } = env;
  return { PATH, LC_ALL: 'C', ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }) };
}

async function withParts(
  { cards, cut }: ListedCards,
  call: (args: readonly string[]) => Promise<ProgramAnswer>,
): Promise<CardReading['cards']> {
  const { code, stdout } = await call(['-L']);
  const whole = cards.filter(({ id }) => !cut.includes(id));
  return code === 0 ? [...whole, ...parseParts(stdout, cards)] : whole;
}

function describeFailure({ code, stdout, stderr, isAbsent, isTimedOut }: ProgramAnswer): string | undefined {
  if (isAbsent) return 'nvidia-smi is not installed';
  if (isTimedOut) return `nvidia-smi did not answer within ${PATIENCE_MS / 1000} s`;
  // A driver without cards says so and exits with 6, or with 0 and a sentence.
  if (/no devices were found/i.test(stdout)) return 'nvidia-smi finds none';
  if (code === 0) return undefined;
  const lines = `${stdout}\n${stderr}`.split(/\r?\n/).filter((line) => line.trim() !== '');
  return `nvidia-smi says: ${lines[0]?.trim().slice(0, 200) ?? `exit code ${code}`}`;
}

function whyFewer({ unread, cut }: ListedCards, found: number, visible: number): string | undefined {
  if (visible < found && visible === 0) return 'CUDA_VISIBLE_DEVICES hides them';
  if (unread.length > 0) return `nvidia-smi's line "${unread[0]}" names no card with a known memory`;
  if (found === 0 && cut.length > 0)
    return 'MIG is on and the cards are cut into no parts (nvidia-smi mig -cgi)';
  return found === 0 ? 'nvidia-smi lists none' : undefined;
}
