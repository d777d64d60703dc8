/**
 * What RunPod's management API refused, or why it gave no answer. `message` is a sentence that says what to do; `code`
 * is for programs. Keys and values of environments are never part of it.
 */
const RUNPOD_ERROR_CODES = [
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NO_BALANCE',
  'NOT_FOUND',
  'CONFLICT',
  /** The body doesn't fit the API's contract; `problems` names the fields. */
  'INVALID',
  /** It breaks a rule that only the service knows. */
  'REFUSED',
  'NO_CAPACITY',
  'RATE_LIMITED',
  'SERVER',
  'UNREACHABLE',
  'BAD_REPLY',
] as const;
export type RunpodErrorCode = (typeof RUNPOD_ERROR_CODES)[number];

export interface RunpodErrorFields {
  readonly code: RunpodErrorCode;
  readonly message: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly problems?: readonly string[];
  readonly retryAfterMs?: number;
  /** The call may have done its work all the same. */
  readonly mayHaveArrived?: boolean;
}

export class RunpodError extends Error {
  override readonly name = 'RunpodError';
  readonly code: RunpodErrorCode;
  readonly status: number;
  /** Single violations of the request, in the service's words. */
  readonly problems: readonly string[];
  readonly retryAfterMs: number | undefined;
  readonly mayHaveArrived: boolean;

  constructor(fields: RunpodErrorFields) {
    super(fields.message);
    this.code = fields.code;
    this.status = fields.status;
    this.problems = fields.problems ?? [];
    this.retryAfterMs = fields.retryAfterMs;
    this.mayHaveArrived = fields.mayHaveArrived ?? false;
  }
}

/** The service has no code of its own for "no machine is free": only this sentence. */
const CAPACITY =
  /no longer any instances available|no (?:available )?(?:capacity|instances|machines)|out of stock/i;

const CODES: Readonly<Record<number, RunpodErrorCode>> = {
  400: 'REFUSED',
  401: 'UNAUTHORIZED',
  402: 'NO_BALANCE',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  422: 'INVALID',
  429: 'RATE_LIMITED',
};

const ADVICE: Partial<Readonly<Record<RunpodErrorCode, string>>> = {
  UNAUTHORIZED: 'the key is not valid: make one at RunPod (Settings, API Keys) and set RUNPOD_API_KEY',
  FORBIDDEN: 'the key may not do this: give it write access to what it is to change, or use another',
  NO_BALANCE: "the account's balance does not suffice: add credit at RunPod, then run this again",
  NO_CAPACITY: 'no such machine is free: try another GPU, another data center, or later',
  RATE_LIMITED: 'too many requests for this key: wait, then run this again',
  SERVER: 'the service has a fault: run this again later',
};

/** An error answer (RFC 9457, or a proxy's page) → a sentence. `what` is what was tried, such as "create endpoint x". */
export function errorOfReply(
  what: string,
  reply: { readonly status: number; readonly text: string; readonly retryAfter: string | null },
): RunpodError {
  const { status, text, retryAfter } = reply;
  const { detail, problems } = readProblem(text);
  const isFull = status === 400 && CAPACITY.test(detail);
  const code = isFull ? 'NO_CAPACITY' : (CODES[status] ?? (status >= 500 ? 'SERVER' : 'REFUSED'));
  const said = [detail, ...problems].filter((part) => part !== '').join('; ');
  const advice = ADVICE[code];
  const seconds = Number(retryAfter ?? Number.NaN);
  return new RunpodError({
    code,
    status,
    message: `${what}: RunPod answered ${status}${said === '' ? '' : ` (${said})`}${advice ? `; ${advice}` : ''}`,
    problems,
    ...(seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}),
    mayHaveArrived: status >= 500,
  });
}

const LONGEST_DETAIL = 400;

function readProblem(text: string): { readonly detail: string; readonly problems: readonly string[] } {
  try {
    const { detail, error, message, title, errors } = Object(JSON.parse(text)) as Record<string, unknown>;
    const said = [detail, error, message, title].find((one) => typeof one === 'string' && one !== '');
    const problems = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string') : [];
    return { detail: shorten(said), problems: problems.map(shorten) };
  } catch {
    return { detail: /^\s*</.test(text) ? '' : shorten(text), problems: [] };
  }
}

const shorten = (text: unknown) =>
  typeof text === 'string' ? text.replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_DETAIL) : '';
