/** How long and how often is measured. */
export interface InferenceEffort {
  readonly rounds: number;
  readonly seconds: number;
  readonly trialSeconds: number;
  readonly starts: number;
  readonly pythonStarts: number;
}

export const FULL: InferenceEffort = { rounds: 5, seconds: 4, trialSeconds: 1, starts: 7, pythonStarts: 3 };
export const QUICK: InferenceEffort = {
  rounds: 2,
  seconds: 1,
  trialSeconds: 0.3,
  starts: 2,
  pythonStarts: 1,
};
