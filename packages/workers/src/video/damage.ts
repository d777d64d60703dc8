/** What is wrong with a video whose frames were nevertheless read. */
export interface VideoDamage {
  /** `cut-off`: it ends before the end that it names. `errors`: parts of it could not be read. */
  readonly kind: 'cut-off' | 'errors';
  /** Of the last frame that was read; undefined when there was none. */
  readonly lastFrameMs: number | undefined;
  /** A sentence for the user. */
  readonly message: string;
}

/** How a reading of frames ended. */
export interface DecodeEnding {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly lastFrameMs: number | undefined;
  /** Where frames should have gone on to; undefined where the file doesn't tell. */
  readonly expectedEndMs: number | undefined;
  /** How far the last frame may lie before that end in a sound file. */
  readonly toleranceMs: number;
  /** Frames of such a video may stand still for any time, also at its end. */
  readonly isVariableFrameRate: boolean;
  /** Reading began in the middle, where a decoder misses what lies before. */
  readonly isEnteredMidway: boolean;
}

const SAYS_CUT_OFF = /partial file|ended prematurely|truncat|Packet corrupt|Read error|Input\/output error/i;
const SAYS_ERRORS =
  /Error while decoding stream|Error submitting packet|corrupt|concealing \d+|error while decoding MB|Invalid NAL unit size|Invalid data found/i;

/** Undefined for a sound file. Harmless remarks of decoders on many sound files are no damage. */
export function findDamage(ending: DecodeEnding): VideoDamage | undefined {
  const { stderr, lastFrameMs, expectedEndMs, toleranceMs, isVariableFrameRate, isEnteredMidway } = ending;
  const isShort = expectedEndMs !== undefined && (lastFrameMs ?? 0) < expectedEndMs - toleranceMs;
  const failed = ending.exitCode !== 0;
  if (
    SAYS_CUT_OFF.test(stderr) ||
    (isShort && (failed || SAYS_ERRORS.test(stderr) || !isVariableFrameRate))
  ) {
    return { kind: 'cut-off', lastFrameMs, message: cutOffSentence(lastFrameMs, expectedEndMs) };
  }
  if (failed || (SAYS_ERRORS.test(stderr) && !isEnteredMidway)) {
    const last =
      lastFrameMs === undefined ? '' : `; the last that could be read is at ${inSeconds(lastFrameMs)}`;
    const message = `Parts of the video are damaged: frames are wrong or missing${last}. Send the file again if it was whole.`;
    return { kind: 'errors', lastFrameMs, message };
  }
  return undefined;
}

function cutOffSentence(lastFrameMs: number | undefined, expectedEndMs: number | undefined): string {
  const of = expectedEndMs === undefined ? '' : ` of ${inSeconds(expectedEndMs)}`;
  return lastFrameMs === undefined
    ? `The video is damaged or cut off: nothing could be read here${of}. Send the whole file again.`
    : `The video is damaged or cut off: its last frame that could be read is at ${inSeconds(lastFrameMs)}${of}. Send the whole file again.`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
